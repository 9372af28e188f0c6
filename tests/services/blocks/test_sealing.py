"""Only who has the key can read what was sealed."""

import pytest
from cryptography.fernet import Fernet

from services.blocks.masking import Secret
from services.blocks.sealing import Seal, Unsealable

SECRETS = [Secret(["login", "password"], "hunter2"), Secret(["keys", 0], {"ü": [None, 1.5]})]


def test_what_is_sealed_can_be_opened_with_the_same_key() -> None:
    key = Fernet.generate_key().decode()
    token = Seal(key).sealed(SECRETS)

    assert token is not None
    assert "hunter2" not in token
    assert Seal(key).opened(token) == SECRETS


def test_nothing_needs_no_seal() -> None:
    assert Seal(None).sealed([]) is None
    assert Seal(None).opened(None) == []


def test_another_key_opens_nothing() -> None:
    token = Seal(Fernet.generate_key().decode()).sealed(SECRETS)

    with pytest.raises(Unsealable, match="another key"):
        Seal(Fernet.generate_key().decode()).opened(token)


def test_without_a_key_there_are_no_secrets() -> None:
    with pytest.raises(Unsealable, match="HEADGATE_ENCRYPTION_KEY"):
        Seal(None).sealed(SECRETS)
    with pytest.raises(Unsealable, match="HEADGATE_ENCRYPTION_KEY"):
        Seal(None).opened("gAAAAA")
