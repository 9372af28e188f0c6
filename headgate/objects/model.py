"""What all objects have: they ignore fields that they do not know, and their times are in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from events.entities import NAME_PATTERN
from events.slugs import slug_of

from .. import clock


def _in_utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


DateTime = Annotated[datetime, AfterValidator(_in_utc)]
"""A point in time; one without a zone is in UTC."""

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""What flows, deployments, work pools and others may be called."""

Slug = Annotated[str, BeforeValidator(lambda given: given or "")]
"""A name for which two words are found when nothing is given."""

NonNegativeInteger = Annotated[int, Field(ge=0)]
PositiveInteger = Annotated[int, Field(gt=0)]


class Model(BaseModel):
    """An object of the API. Durations are written as seconds."""

    model_config = ConfigDict(extra="ignore", ser_json_timedelta="float")


class IDBaseModel(Model):
    """An object with an id, which is a new one unless it is given."""

    id: UUID = Field(default_factory=clock.new_id)


class ObjectBaseModel(IDBaseModel):
    """An object that a server keeps: it knows when it was created and updated."""

    created: DateTime | None = None
    updated: DateTime | None = None


class Slugged(ObjectBaseModel):
    """An object that is called by two words when it is given no name."""

    name: Slug = ""

    @model_validator(mode="after")
    def set_default_name(self) -> Self:
        """The same two words for the same id."""
        self.name = self.name or slug_of(self.id)
        return self
