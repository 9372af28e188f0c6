"""What somebody gives of a thing that he changes: the fields that he leaves out are UNSET."""

from typing import Any

from msgspec import UNSET, Struct, structs


def given_fields(given: Struct) -> dict[str, Any]:
    """The fields of *given* that are not UNSET."""
    return {name: value for name, value in structs.asdict(given).items() if value is not UNSET}
