"""The key that seals secrets is the one that is given, or else one that is made once."""

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from headgate.bus.encryption_key import EncryptionKeyInvalid, encryption_key
from headgate.settings import Settings


def settings(root: Path, key: str | None = None) -> Settings:
    return Settings(data_dir=root, encryption_key=None if key is None else SecretStr(key))


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    root = tmp_path / "new"
    key = encryption_key(settings(root))

    assert key is not None
    assert Fernet(key)
    assert encryption_key(settings(root)) == key
    assert [path.name for path in root.iterdir()] == ["encryption.key"]
    assert (root / "encryption.key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_given_is_taken_and_none_is_made(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()

    assert encryption_key(settings(tmp_path, key)) == key
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(EncryptionKeyInvalid, match="HEADGATE_ENCRYPTION_KEY") as caught:
        encryption_key(settings(tmp_path, "hunter2"))
    assert "hunter2" not in str(caught.value)

    (tmp_path / "encryption.key").write_text("hunter2")
    with pytest.raises(EncryptionKeyInvalid, match=r"encryption\.key holds no key"):
        encryption_key(settings(tmp_path))


def test_who_cannot_keep_a_key_has_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()

    assert encryption_key(settings(tmp_path / "file")) is None
    assert "encryption_key_absent" in caplog.text


def test_a_directory_in_the_place_of_the_key_is_no_key(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "encryption.key")

    assert encryption_key(settings(tmp_path)) is None


def test_a_key_is_not_shown_with_the_settings(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()

    assert key not in repr(settings(tmp_path, key))
