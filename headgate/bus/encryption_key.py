"""The key that seals the secrets of blocks: given, or made once in the data directory."""

import logging
import os
from pathlib import Path

from cryptography.fernet import Fernet

from ..errors import ForPeople
from ..settings import Settings
from .data_dir import DataDirUnusable, prepare, unusable

FILE = "encryption.key"

log = logging.getLogger(__name__)


class EncryptionKeyInvalid(ForPeople):
    """The key is none; the message says where it comes from and how to make one."""


def encryption_key(settings: Settings) -> str | None:
    """The key; None when there is none and the data directory cannot keep one."""
    if settings.encryption_key is not None:
        return _checked(settings.encryption_key.get_secret_value(), "HEADGATE_ENCRYPTION_KEY")
    path = settings.root / FILE
    try:
        prepare(settings.root)
        key = _kept(path)
    except DataDirUnusable as error:
        log.warning("encryption_key_absent", extra={"because": str(error)})
        return None
    return _checked(key, str(path))


def _kept(path: Path) -> str:
    """The key in the file *path*, made if it is not there; of two who make one, the first wins."""
    try:
        if not path.exists():
            made = path.with_name(f"{FILE}.{os.getpid()}")
            made.touch(mode=0o600)
            made.write_bytes(Fernet.generate_key())
            try:
                os.link(made, path)
                log.info("encryption_key_made", extra={"file": str(path)})
            except FileExistsError:
                pass
            finally:
                made.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise unusable(path.parent, error.strerror or str(error)) from error


def _checked(key: str, place: str) -> str:
    try:
        Fernet(key)
    except ValueError:
        raise EncryptionKeyInvalid(
            f"{place} holds no key: it takes 32 random bytes in url-safe base64, such as "
            "`head -c 32 /dev/urandom | base64 | tr +/ -_` prints"
        ) from None
    return key
