"""Results are read from where the client that ran a run has kept them: in files, if they are here.

A client writes a result as its serializer says: JSON as it is, a pickle in Base64, or one of the
two compressed, in Base64 as well. Most often it stands in the file beside its own metadata.

A pickle can run anything when it is read. A state's data comes from whoever proposed the state, so
only files below the folder for results of whoever asks are read: PREFECT_LOCAL_STORAGE_PATH, or
`storage` in PREFECT_HOME, which is `~/.prefect`. How a file was written is what the file says, when
it says it; a state that says another thing is not believed.
"""

import base64
import builtins
import importlib
import json
import lzma
import os
import pickle
import time
import zlib
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from pydantic import ValidationError

from events.states import FINAL, UNPERSISTED, StateType

from ..model import DateTime, Model

RETRY_AFTER_S = (0.05, 0.2, 0.5)
"""How long a result that is not there yet is waited for, if it is."""

COMPRESSED = "compressed/"
COMPRESSIONS = ("bz2", "gzip", "lzma", "zlib")
UNREADABLE = (
    *(ValueError, LookupError, TypeError, AttributeError, ImportError, EOFError, OSError),
    *(RuntimeError, ArithmeticError),
    *(pickle.PickleError, lzma.LZMAError, zlib.error),
)
"""What reading a file raises that is broken, or that needs what is not installed here."""

CLASSES = {
    "builtins.set": set[Any],
    "builtins.frozenset": frozenset[Any],
    "datetime.date": date.fromisoformat,
    "datetime.datetime": datetime.fromisoformat,
    "uuid.UUID": UUID,
}
"""What values stand for in JSON that says of which class they are."""


class ResultUnavailable(Exception):
    """A result was not kept, or is kept where it cannot be read from here."""


class RunUnfinished(Exception):
    """A run has no result, for it has not come to its end."""


class RunFailed(Exception):
    """A run failed; the message is that of its state."""


class RunCrashed(RunFailed):
    """A run ended with its infrastructure."""


class RunCancelled(RunFailed):
    """A run was cancelled."""


FAILURES = {
    StateType.FAILED: RunFailed,
    StateType.CRASHED: RunCrashed,
    StateType.CANCELLED: RunCancelled,
}


class ResultRecordMetadata(Model):
    """Where a result is kept, and how it was written."""

    storage_key: str
    expiration: DateTime | None = None
    serializer: dict[str, Any]
    prefect_version: str | None = None
    storage_block_id: UUID | None = None


def recognised(data: Any) -> Any:
    """*data* of a state, as metadata when it is that of a persisted result."""
    if not isinstance(data, dict):
        return data
    try:
        return ResultRecordMetadata.model_validate(data)
    except ValidationError:
        return cast("dict[str, Any]", data)


def is_result(data: Any) -> bool:
    """Whether *data* stands for a result, and is not just some value."""
    found = recognised(data)
    if isinstance(found, ResultRecordMetadata):
        return True
    kinds = ("literal", "reference", UNPERSISTED)
    return isinstance(found, dict) and cast("dict[str, Any]", found).get("type") in kinds


def outcome_of(
    kind: StateType, name: str | None, message: str | None, data: Any, *, retry: bool
) -> Any:
    """The value of a run that completed, or the exception with which it ended.

    Raises `RunUnfinished` and `ResultUnavailable`; reads a file when *data* is metadata.
    """
    if kind not in FINAL:
        raise RunUnfinished(f"The run is {name}: it has no result yet")
    failed = FAILURES.get(kind)
    if failed is not None:
        return _failure(failed, message or f"The run is {name}", data, retry=retry)
    if data is None:
        raise ResultUnavailable("The result of this run was not persisted")
    return _value(data, retry=retry)


def _failure(failed: type[RunFailed], message: str, data: Any, *, retry: bool) -> BaseException:
    """The exception that is stored, or one of ours: that a run failed is known in any case."""
    try:
        value = _value(data, retry=retry)
    except ResultUnavailable as error:
        failure = failed(message)
        failure.__cause__ = error
        return failure
    if isinstance(value, BaseException):
        return value
    return failed(value if isinstance(value, str) and value else message)


def _value(data: Any, *, retry: bool) -> Any:
    data = recognised(data)
    if isinstance(data, ResultRecordMetadata):
        return read(data, retry=retry)
    if is_result(data):
        if data["type"] != "literal":
            raise ResultUnavailable(f"A result of the type {data['type']} cannot be read here")
        return data.get("value")
    return data


def read(metadata: ResultRecordMetadata, *, retry: bool = False) -> Any:
    """The result that *metadata* stands for; with *retry*, waited for a little when missing."""
    if metadata.storage_block_id is not None:
        raise ResultUnavailable(
            f"The result is kept by the storage block {metadata.storage_block_id},"
            " which cannot be read here"
        )
    try:
        content = _content(_place(metadata.storage_key), RETRY_AFTER_S if retry else ())
        record = _record(content)
        if record is None:
            return _loaded(metadata.serializer, content)
        serializer, result = record
        if serializer.get("type") != metadata.serializer.get("type"):
            raise ValueError("its serializer is not the one that the state names")
        return _loaded(serializer, result)
    except UNREADABLE as error:
        raise ResultUnavailable(
            f"The result in {metadata.storage_key} cannot be read: {error}"
        ) from error


def folder() -> Path:
    """Where this user's client keeps results."""
    for name in ("PREFECT_LOCAL_STORAGE_PATH", "PREFECT_RESULTS_LOCAL_STORAGE_PATH"):
        if given := os.environ.get(name):
            return Path(given).expanduser()
    return Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser() / "storage"


def _place(key: str) -> Path:
    here = folder().resolve()
    place = (here / key).resolve()
    if not place.is_relative_to(here):
        raise ResultUnavailable(
            f"The result is kept in {key}, which is not in the folder for results, {here}:"
            " PREFECT_LOCAL_STORAGE_PATH names another one"
        )
    return place


def _content(place: Path, waits_s: tuple[float, ...]) -> bytes:
    for wait_s in waits_s:
        if place.is_file():
            break
        time.sleep(wait_s)
    return place.read_bytes()


def _record(content: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The serializer and what it has written, where its metadata stands beside it."""
    try:
        record = json.loads(content)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    found = cast("dict[str, Any]", record)
    if found.keys() != {"metadata", "result"}:
        return None
    about = recognised(found["metadata"])
    if not isinstance(about, ResultRecordMetadata):
        return None
    return about.serializer, str(found["result"]).encode()


def _loaded(serializer: dict[str, Any], content: bytes) -> Any:
    kind = str(serializer.get("type"))
    if kind == "json":
        return json.loads(content, object_hook=_of_its_class)
    if kind == "pickle":
        return pickle.loads(_decoded(content))  # noqa: S301 - the user's own file, see above
    library = serializer.get("compressionlib")
    if kind.startswith(COMPRESSED) and library in COMPRESSIONS:
        inner = serializer.get("serializer") or {"type": kind.removeprefix(COMPRESSED)}
        compression = importlib.import_module(library)
        return _loaded(inner, compression.decompress(_decoded(content)))
    raise ResultUnavailable(f"A result that was written by the serializer {kind} cannot be read")


def _decoded(content: bytes) -> bytes:
    """The bytes that Base64 stands for; ValueError when it is something else, such as JSON."""
    return base64.b64decode(b"".join(content.split()), validate=True)


def _of_its_class(found: dict[str, Any]) -> Any:
    """The value that an object in JSON stands for, when it is one of a few well-known classes."""
    if "__exc_type__" in found:
        return _exception(str(found["__exc_type__"]), str(found.get("message", "")))
    make = CLASSES.get(str(found.get("__class__")))
    return found if make is None or "data" not in found else make(found["data"])


def _exception(name: str, message: str) -> Exception:
    known = getattr(builtins, name.removeprefix("builtins."), None)
    if isinstance(known, type) and issubclass(known, Exception):
        with suppress(TypeError):  # some take more than a message
            return known(message)
    return RunFailed(f"{name}: {message}")
