"""What is set reaches the service that it is about."""

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from headgate.settings import Settings
from headgate.wiring.terms import periods_of, terms_of, timers_off
from projections.projection import Projection
from projections.store import Store
from services.rules import Terms
from services.timers import Kind
from tests.support.gateway import Running

ROUNDS: list[tuple[str, set[Kind]]] = [
    ("services_late_runs", {"late"}),
    ("services_pause_expirations", {"pause"}),
    ("services_cancellation_cleanup", {"cancelling", "cascade"}),
    ("services_repossessor", {"lease"}),
    ("services_scheduler_recent_deployments", {"planning"}),
    ("services_foreman", {"watch"}),
]

each_service = pytest.mark.parametrize(("service", "kinds"), ROUNDS)


def test_the_rules_have_the_terms_that_are_set() -> None:
    assert terms_of(Settings()) == Terms()
    settings = Settings(
        deployments_concurrency_slot_wait_seconds=1,
        concurrency_initial_deployment_lease_duration=31,
        tasks_tag_concurrency_slot_wait_seconds=2,
        concurrency_maximum_concurrency_slot_wait_seconds=3,
        tasks_max_cache_key_length=4,
    )
    assert terms_of(settings) == Terms(
        slot_wait_seconds=1,
        grace_seconds=31,
        tag_wait_seconds=2,
        wait_seconds_max=3,
        cache_key_characters_max=4,
    )


@each_service
def test_each_service_has_rounds_of_its_own(service: str, kinds: set[Kind]) -> None:
    periods = periods_of(Settings.model_validate({f"{service}_loop_seconds": 7}))
    assert {kind for kind, apart in periods.items() if apart == timedelta(seconds=7)} == kinds
    assert set(periods.values()) == {timedelta(), timedelta(seconds=7)}


@each_service
def test_each_service_is_switched_off_alone(service: str, kinds: set[Kind]) -> None:
    name = service.removesuffix("_recent_deployments")
    assert set(timers_off(Settings.model_validate({f"{name}_enabled": False}))) == kinds
    assert timers_off(Settings()) == []


def test_who_asks_as_soon_as_all_runs_finds_the_views(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = Store.prepare

    def slowly(store: Store, projections: Sequence[Projection]) -> None:
        time.sleep(0.5)
        prepare(store, projections)

    monkeypatch.setattr(Store, "prepare", slowly)
    running = Running(redis_url, tmp_path, f"soon-{tmp_path.name}")
    with running, running.client() as api:
        assert api.post("/flows/count", json={}).json() == 0
        assert api.post("/events/filter", json={}).json()["total"] == 0
