"""The seal: secrets become one token that only those can read who have the key."""

from cryptography.fernet import Fernet, InvalidToken
from msgspec import json

from .masking import Secret

_decoder = json.Decoder(list[Secret])


class Unsealable(Exception):
    """Secrets cannot be sealed or read: there is no key, or it is not the one they need."""


class Seal:
    """Seals with a Fernet *key*; without one, nothing that has secrets can be sealed or read."""

    def __init__(self, key: str | None) -> None:
        self._fernet = None if key is None else Fernet(key)

    def sealed(self, secrets: list[Secret]) -> str | None:
        """The token of *secrets*; None when there are none. Raises `Unsealable`."""
        if not secrets:
            return None
        return self._key().encrypt(json.encode(secrets)).decode()

    def opened(self, token: str | None) -> list[Secret]:
        """The secrets in *token*. Raises `Unsealable`."""
        if token is None:
            return []
        try:
            return _decoder.decode(self._key().decrypt(token.encode()))
        except InvalidToken:
            raise Unsealable("These secrets were encrypted with another key.") from None

    def _key(self) -> Fernet:
        if self._fernet is None:
            raise Unsealable(
                "There is no key to encrypt secrets with: set HEADGATE_ENCRYPTION_KEY."
            )
        return self._fernet
