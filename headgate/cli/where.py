"""Which Headgate a command speaks to: the environment says, and options win."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclopts import Parameter

from ..settings import Settings


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Options of every command that speaks to a Headgate."""

    redis_url: str | None = None
    "Its Redis; HEADGATE_REDIS_URL when left out, and else the embedded one."
    data_dir: Path | None = None
    "Its data directory; HEADGATE_DATA_DIR when left out."
    prefix: str | None = None
    "The start of its keys; HEADGATE_PREFIX when left out."

    def settings(self, **given: Any) -> Settings:
        """The settings of the environment with these options."""
        return Settings.read(
            redis_url=self.redis_url, data_dir=self.data_dir, prefix=self.prefix, **given
        )


HERE = Where()
