"""Results are read from the files that clients write, and from nowhere else."""

import base64
import json
import lzma
import pickle
import threading
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.objects import (
    ResultUnavailable,
    RunCancelled,
    RunCrashed,
    RunFailed,
    RunUnfinished,
    State,
    StateType,
)
from headgate.objects.states import results

JSON = {"type": "json"}
PICKLE = {"type": "pickle", "picklelib": "cloudpickle", "picklelib_version": None}
COMPRESSED = {"type": "compressed/json", "serializer": JSON, "compressionlib": "lzma"}
BLOCK = UUID(int=7)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for results."""
    folder = tmp_path / "results"
    folder.mkdir()
    monkeypatch.setenv("PREFECT_LOCAL_STORAGE_PATH", str(folder))
    return folder


def kept(key: Path | str, serializer: dict[str, Any] = JSON, **more: Any) -> dict[str, Any]:
    """What a state says of a result."""
    return {"storage_key": str(key), "serializer": serializer, "prefect_version": "3.9.1", **more}


def ended(data: Any, type: StateType = StateType.COMPLETED, **more: Any) -> State:
    return State(type=type, data=data, **more)


def pickled(value: object) -> bytes:
    return base64.encodebytes(pickle.dumps(value))


@pytest.mark.parametrize(
    ("serializer", "content"),
    [
        (JSON, b'{"x": [1]}'),
        (PICKLE, pickled({"x": [1]})),
        (COMPRESSED, base64.encodebytes(lzma.compress(b'{"x": [1]}'))),
        (
            {"type": "compressed/pickle", "compressionlib": "zlib"},
            base64.encodebytes(zlib.compress(pickled({"x": [1]}))),
        ),
    ],
    ids=["json", "pickle", "compressed json", "compressed pickle"],
)
@pytest.mark.parametrize("is_record", [False, True])
def test_a_result_is_read(
    folder: Path, serializer: dict[str, Any], content: bytes, is_record: bool
) -> None:
    place = folder / "one"
    about = kept(place, serializer)
    record = json.dumps({"metadata": about, "result": content.decode()}).encode()
    place.write_bytes(record if is_record else content)
    assert ended(about).result() == {"x": [1]}
    assert ended(kept("one", serializer)).result() == {"x": [1]}


class Runs:
    """What has an effect when its pickle is read."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.place,)


@pytest.mark.parametrize(
    "serializer", [PICKLE, {"type": "compressed/pickle", "compressionlib": "zlib"}]
)
def test_a_state_does_not_make_a_pickle_of_what_is_none(
    folder: Path, serializer: dict[str, Any]
) -> None:
    touched = folder.parent / "touched"
    pickle_of_it = pickle.dumps(Runs(touched))
    if serializer != PICKLE:
        pickle_of_it = zlib.compress(base64.b64encode(pickle_of_it))
    text = base64.b64encode(pickle_of_it).decode()
    about = kept("one", JSON)
    for content in (text, *({"metadata": about, "result": each} for each in (text, f'"{text}"'))):
        (folder / "one").write_text(json.dumps(content))
        with pytest.raises(ResultUnavailable, match="cannot be read"):
            ended(kept("one", serializer)).result()
    assert not touched.exists()
    (folder / "one").write_text(text)
    assert ended(kept("one", serializer)).result() is None
    assert touched.exists()


def test_a_record_says_itself_how_it_was_written(folder: Path) -> None:
    inner = {"type": "compressed/json", "compressionlib": "zlib"}
    text = base64.b64encode(zlib.compress(b"5")).decode()
    (folder / "one").write_text(json.dumps({"metadata": kept("one", inner), "result": text}))
    assert ended(kept("one", COMPRESSED)).result() == 5
    with pytest.raises(ResultUnavailable, match="not the one that the state names"):
        ended(kept("one", JSON)).result()


def test_a_result_that_only_looks_like_a_record_is_read_as_it_is(folder: Path) -> None:
    values: list[Any] = [{"metadata": 1, "result": 2}, {"metadata": {}}, [1], None]
    for value in values:
        (folder / "one").write_text(json.dumps(value))
        assert ended(kept("one")).result() == value


def test_values_of_well_known_classes_are_read_from_json(folder: Path) -> None:
    def of(name: str, data: Any) -> dict[str, Any]:
        return {"__class__": name, "data": data}

    values = {
        "at": of("datetime.datetime", "2026-01-02T03:04:05+00:00"),
        "on": of("datetime.date", "2026-01-02"),
        "id": of("uuid.UUID", str(BLOCK)),
        "set": of("builtins.set", [1]),
        "other": of("somebody.Thing", 1),
    }
    (folder / "one").write_text(json.dumps(values))
    assert ended(kept("one")).result() == {
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "on": date(2026, 1, 2),
        "id": BLOCK,
        "set": {1},
        "other": of("somebody.Thing", 1),
    }


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"__exc_type__": "builtins.ValueError", "message": "boom"}, ValueError("boom")),
        ({"__exc_type__": "a.B", "message": "boom"}, RunFailed("a.B: boom")),
        (
            {"__exc_type__": "ExceptionGroup", "message": "boom"},
            RunFailed("ExceptionGroup: boom"),
        ),
        (
            {"__exc_type__": "builtins.UnicodeDecodeError", "message": "boom"},
            RunFailed("builtins.UnicodeDecodeError: boom"),
        ),
    ],
)
def test_the_exception_of_a_failed_run_is_raised_or_given(
    folder: Path, said: dict[str, str], error: Exception
) -> None:
    (folder / "one").write_text(json.dumps(said))
    state = ended(kept("one"), StateType.FAILED)
    with pytest.raises(type(error), match=str(error)):
        state.result()
    given = state.result(raise_on_failure=False)
    assert (type(given), str(given)) == (type(error), str(error))


def test_a_pickled_exception_is_raised(folder: Path) -> None:
    (folder / "one").write_bytes(pickled(KeyError("k")))
    with pytest.raises(KeyError, match="k"):
        ended(kept("one", PICKLE), StateType.CRASHED).result()


@pytest.mark.parametrize(
    ("type", "error"),
    [
        (StateType.FAILED, RunFailed),
        (StateType.CRASHED, RunCrashed),
        (StateType.CANCELLED, RunCancelled),
    ],
)
def test_a_run_without_a_stored_exception_says_what_its_state_says(
    type: StateType, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"^no$"):
        ended(None, type, message="no").result()
    with pytest.raises(error, match=f"The run is {type.value.title()}"):
        ended(None, type).result()
    with pytest.raises(error, match=r"^why$"):
        ended("why", type, message="no").result()
    assert isinstance(ended(None, type).result(raise_on_failure=False), error)


@pytest.mark.parametrize(
    ("type", "error"),
    [
        (StateType.FAILED, RunFailed),
        (StateType.CRASHED, RunCrashed),
        (StateType.CANCELLED, RunCancelled),
    ],
)
def test_a_run_whose_exception_cannot_be_read_says_what_its_state_says(
    folder: Path, type: StateType, error: type[Exception]
) -> None:
    (folder / "one").write_text("{")
    for data in (kept("one"), kept("one", storage_block_id=str(BLOCK)), {"type": "reference"}):
        with pytest.raises(error, match=r"^no$") as raised:
            ended(data, type, message="no").result()
        assert isinstance(raised.value.__cause__, ResultUnavailable)
        given = ended(data, type).result(raise_on_failure=False)
        assert str(given) == f"The run is {type.value.title()}"
        assert isinstance(given.__cause__, ResultUnavailable)


def test_data_that_a_state_was_given_later_is_read_too(folder: Path) -> None:
    (folder / "one").write_text("5")
    assert ended(None).model_copy(update={"data": kept("one")}).result() == 5
    assert ended(None).copy(update={"data": kept("one")}).result() == 5
    state = ended(None)
    state.data = kept("one")
    assert state.result() == 5
    assert state.to_state_create().data == state.model_copy().to_state_create().data
    assert state.to_state_create().data.storage_key == "one"


def test_a_run_that_goes_on_has_no_result() -> None:
    for type in (StateType.RUNNING, StateType.PAUSED):
        with pytest.raises(RunUnfinished, match=type.value.title()):
            ended(5, type).result()


def test_a_value_in_hand_is_the_result() -> None:
    assert State[int](type=StateType.COMPLETED, data=5).result() == 5
    assert ended({"type": "literal", "value": 5}).result() == 5


def test_what_was_not_persisted_is_not_there() -> None:
    with pytest.raises(ResultUnavailable, match="not persisted"):
        ended(None).result()


def test_data_is_given_as_it_is_to_who_does_not_fetch() -> None:
    state = ended(kept("nowhere"))
    assert state.result(fetch=False) is state.data


def test_what_a_block_keeps_is_not_read() -> None:
    with pytest.raises(ResultUnavailable, match=f"storage block {BLOCK}"):
        ended(kept("one", storage_block_id=str(BLOCK))).result()
    with pytest.raises(ResultUnavailable, match="of the type reference"):
        ended({"type": "reference"}).result()


@pytest.mark.parametrize("key", ["../elsewhere", "/etc/hostname"])
def test_a_file_elsewhere_is_not_read(folder: Path, key: str) -> None:
    (folder.parent / "elsewhere").write_bytes(pickled(1))
    with pytest.raises(ResultUnavailable, match="not in the folder for results"):
        ended(kept(key, PICKLE)).result()


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder.parent / "elsewhere").write_text("1")
    (folder / "one").symlink_to(folder.parent / "elsewhere")
    with pytest.raises(ResultUnavailable, match="not in the folder for results"):
        ended(kept("one")).result()


@pytest.mark.parametrize(
    ("serializer", "content"),
    [
        (JSON, b"{"),
        (PICKLE, b"bm90aGluZw=="),
        (PICKLE, base64.encodebytes(b"cnobody\nnothing\n.")),
        (COMPRESSED, base64.encodebytes(b"no")),
        ({"type": "compressed/json", "compressionlib": "os"}, b""),
        ({"type": "mine"}, b"1"),
    ],
)
def test_what_cannot_be_read_says_so(
    folder: Path, serializer: dict[str, Any], content: bytes
) -> None:
    (folder / "one").write_bytes(content)
    with pytest.raises(ResultUnavailable, match="cannot be read"):
        ended(kept("one", serializer)).result()


@pytest.mark.parametrize("key", ["a\0b", "x" * 300, "looping"])
@pytest.mark.parametrize("retry", [False, True])
def test_a_place_that_cannot_be_says_so(
    folder: Path, key: str, retry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RETRY_AFTER_S", (0.0,))
    (folder / "looping").symlink_to(folder / "looping")
    with pytest.raises(ResultUnavailable, match="cannot be read"):
        ended(kept(key)).result(retry_result_failure=retry)


@pytest.mark.parametrize("serializer", [JSON, PICKLE])
def test_what_is_nested_too_deeply_says_so(folder: Path, serializer: dict[str, Any]) -> None:
    (folder / "one").write_text("[" * 100_000)
    with pytest.raises(ResultUnavailable, match="cannot be read"):
        ended(kept("one", serializer)).result()


def test_a_result_that_is_not_there_is_waited_for_when_that_is_asked_for(folder: Path) -> None:
    state = ended(kept("one"))
    with pytest.raises(ResultUnavailable, match="cannot be read"):
        state.result(retry_result_failure=False)
    writing = threading.Timer(0.02, (folder / "one").write_text, ["5"])
    writing.start()
    assert state.result() == 5
    writing.join()


def test_results_are_where_a_client_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFECT_LOCAL_STORAGE_PATH", "PREFECT_RESULTS_LOCAL_STORAGE_PATH"):
        monkeypatch.delenv(name, raising=False)
    for variable, home in (("PREFECT_HOME", tmp_path), ("HOME", tmp_path / "user" / ".prefect")):
        monkeypatch.delenv("PREFECT_HOME", raising=False)
        monkeypatch.setenv(variable, str(tmp_path if variable != "HOME" else tmp_path / "user"))
        (home / "storage").mkdir(parents=True)
        (home / "storage" / "one").write_text(json.dumps(variable))
        assert ended(kept("one")).result() == variable
