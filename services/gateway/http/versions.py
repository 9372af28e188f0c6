"""Which API versions are served: three integers, at least 0.8.0; a client may leave it out."""

from .errors import detail

API_VERSION = "0.8.4"
MINIMUM = (0, 8, 0)

_accepted: dict[bytes, str] = {}
KEPT_MAX = 100


def checked(header: bytes | None) -> str | None:
    """The version that *header* names; raises `Refused` with a 400 if it is not served."""
    if not header:
        return None
    known = _accepted.get(header)
    if known is not None:
        return known
    text = header.decode("latin-1")
    try:
        major, minor, patch = (int(part) for part in text.split("."))
    except ValueError:
        raise detail(
            400,
            "Invalid X-PREFECT-API-VERSION header format."
            f"Expected header in format 'x.y.z' but received {text}",
        ) from None
    if (major, minor, patch) < MINIMUM:
        raise detail(
            400,
            f"The request specified API version {text} but this server requires version "
            f"{'.'.join(map(str, MINIMUM))} or higher.",
        )
    if len(_accepted) < KEPT_MAX:
        _accepted[header] = text
    return text
