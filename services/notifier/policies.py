"""Policies as the log tells of them, and as they were when a state was entered."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Self
from uuid import UUID

from msgspec import Struct, json

from events.changes import ResourceRemoved, ResourceStored
from events.decisions import Decision
from events.resources.notifications import FLOW_RUN_NOTIFICATION_POLICY, FlowRunNotificationPolicy

VERSIONS_MAX = 100
"""Of one policy; who switches it on and off more often than that in a day is taken less exactly."""

ABOUT_POLICIES = re.compile(rb'"flow_run_notification_policy[".]')
"""No decision without these words changes a policy; hardly any is decoded."""

_entered = re.compile(rb'"state_entered\.v1"')


class Version(Struct, frozen=True, array_like=True):
    """What a policy is from a millisecond on; None when it is gone."""

    since_ms: int
    policy: FlowRunNotificationPolicy | None

    @property
    def is_active(self) -> bool:
        """Whether anything is sent."""
        return self.policy is not None and self.policy.is_active


_decoder = json.Decoder(dict[UUID, list[Version]])


class Policies:
    """All policies, each with what it was before, as far back as that is asked for."""

    def __init__(self, versions: dict[UUID, list[Version]] | None = None) -> None:
        self._versions = versions or {}
        self._wanted = _pattern(self._versions.values())

    @classmethod
    def read(cls, body: bytes | None) -> Self:
        """The policies in *body*, which `written` made; none without it."""
        return cls(_decoder.decode(body) if body else None)

    def written(self) -> bytes:
        """The policies as JSON."""
        return json.encode(self._versions)

    def fold(self, decision: Decision, ms: int) -> None:
        """Take over what *decision* says of policies; the log has it from *ms*."""
        for change in decision.changes:
            match change:
                case ResourceStored(resource=FlowRunNotificationPolicy() as policy):
                    self._add(policy.id, Version(ms, policy))
                case ResourceRemoved(kind=FLOW_RUN_NOTIFICATION_POLICY.name, id=id):
                    self._add(id, Version(ms, None))
                case _:
                    pass

    def at(self, ms: int) -> Iterator[FlowRunNotificationPolicy]:
        """The active policies at that millisecond."""
        for versions in self._versions.values():
            place = bisect_right(versions, ms, key=lambda each: each.since_ms)
            policy = versions[place - 1].policy if place else None
            if policy is not None and policy.is_active:
                yield policy

    def active_from(self, ms: int) -> int | None:
        """The first millisecond, *ms* or later, at which one is active."""
        if next(self.at(ms), None) is not None:
            return ms
        later = (
            version.since_ms
            for versions in self._versions.values()
            for version in versions
            if version.since_ms > ms and version.is_active
        )
        return min(later, default=None)

    def may_want(self, body: bytes) -> bool:
        """Whether a decision could be about a state that a policy names; False is certain."""
        return b'"subject":"flow_run:' in body and self._wanted.search(body) is not None

    def forget(self, before_ms: int) -> None:
        """Drop what is not asked for any more: what policies were *before_ms*."""
        for id, versions in list(self._versions.items()):
            place = bisect_right(versions, before_ms, key=lambda each: each.since_ms)
            del versions[: max(place - 1, len(versions) - VERSIONS_MAX, 0)]
            if len(versions) == 1 and versions[0].policy is None:
                del self._versions[id]
        self._wanted = _pattern(self._versions.values())

    def _add(self, id: UUID, version: Version) -> None:
        versions = self._versions.setdefault(id, [])
        # what is told again is known
        if versions and version.policy == versions[-1].policy:
            return
        since_ms = max(version.since_ms, versions[-1].since_ms) if versions else version.since_ms
        versions.append(Version(since_ms, version.policy))
        self._wanted = _pattern(self._versions.values())


def names_state(policy: FlowRunNotificationPolicy, name: str) -> bool:
    """Whether *policy* is about states of this name."""
    return not policy.state_names or name in policy.state_names


def has_tag(policy: FlowRunNotificationPolicy, tags: Iterable[str]) -> bool:
    """Whether *policy* is about runs with these *tags*."""
    return not policy.tags or not set(policy.tags).isdisjoint(tags)


def _pattern(every: Iterable[list[Version]]) -> re.Pattern[bytes]:
    """What is found in each decision by which a run enters a state that a version names."""
    names: set[str] = set()
    for version in (version for versions in every for version in versions):
        if version.policy is None or not version.policy.is_active:
            continue
        if not version.policy.state_names:
            return _entered
        names.update(version.policy.state_names)
    if not names:
        return re.compile(rb"(?!)")
    words = b"|".join(re.escape(json.encode(name)) for name in sorted(names))
    return re.compile(rb'"name":(?:' + words + rb")")
