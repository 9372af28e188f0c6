"""What every log promises those who write: each test runs in memory and on Redis."""

import anyio
import pytest
from msgspec import structs

from events.log import (
    GENESIS,
    START,
    Committed,
    Conflict,
    DeadLetter,
    Enqueued,
    EventLog,
    Head,
    LeaseLost,
    Reply,
)
from events.log.chain import broken_at, sealed
from tests.events.log.conftest import Beside
from tests.support.commits import NOON_MS, appended, following, head_after

pytestmark = pytest.mark.anyio

P = 3


async def test_a_new_log_is_empty_and_its_head_is_the_beginning(log: EventLog) -> None:
    await log.create()

    assert await log.head(P) == Head(time_ms=0, position=0, hash=GENESIS, offset=START)
    assert await log.entries(P) == []
    assert await log.since(P, 0) == []
    assert await log.position(P, 1) is None
    assert await log.entry(P, f"{NOON_MS}-1") is None
    assert await log.dead_letters(P) == []
    assert await log.relayed(P) == START


async def test_creating_a_log_twice_changes_nothing(log: EventLog) -> None:
    await log.create()
    made = await appended(log, P, b"1")
    await log.create()

    assert await log.entries(P) == made


async def test_what_is_committed_can_be_read_and_the_head_is_after_it(log: EventLog) -> None:
    commit = following(await log.head(P), b"1", b"2", offset="17-3")

    assert await log.commit(P, commit) == Committed()
    assert await log.entries(P) == commit.entries
    assert await log.head(P) == commit.head
    assert commit.head.offset == "17-3"


async def test_any_bytes_are_kept_as_they_are(log: EventLog) -> None:
    body = bytes(range(256)) + "ünïcode ✓".encode()
    head = await log.head(P)
    made = sealed(head, NOON_MS, [("näme\n\x00'\"", body)])
    commit = following(head)
    commit = structs.replace(commit, entries=made, head=head_after(head, made, "1-0"))

    assert await log.commit(P, commit) == Committed()
    assert await log.entries(P) == made


async def test_a_commit_on_an_older_head_is_a_conflict_and_leaves_nothing(
    log: EventLog, beside: Beside
) -> None:
    old = await log.head(P)
    made = await appended(log, P, b"1")
    after = await log.head(P)
    late = following(
        old,
        b"rival",
        offset="9-9",
        snapshots={"flow:1": b"rival"},
        replies=[Reply(to="rival", proposal_id="p", body=b"yes")],
        dead_letters=[DeadLetter(offset="9-9", body=b"?", reason="no")],
    )

    assert await log.commit(P, late) == Conflict()
    assert await log.entries(P) == made
    assert await log.head(P) == after
    assert await log.snapshots(P, ["flow:1"]) == [None]
    assert await log.dead_letters(P) == []
    assert await beside.replies(P, "rival") == []


@pytest.mark.parametrize("wrong", ["offset", "position", "time_ms", "hash"])
async def test_every_part_of_the_head_must_be_the_expected_one(log: EventLog, wrong: str) -> None:
    await appended(log, P, b"1")
    head = await log.head(P)
    other = {"offset": "99-0", "position": 2, "time_ms": NOON_MS - 1, "hash": "f" * 64}
    commit = following(structs.replace(head, **{wrong: other[wrong]}), b"2")

    assert await log.commit(P, commit) == Conflict()
    assert await log.head(P) == head


async def test_the_same_commit_given_twice_stands_once(log: EventLog, beside: Beside) -> None:
    commit = following(
        await log.head(P),
        b"1",
        replies=[Reply(to="me", proposal_id="p", body=b"yes")],
        dead_letters=[DeadLetter(offset="1-0", body=b"?", reason="no")],
    )

    assert await log.commit(P, commit) == Committed()
    assert await log.commit(P, commit) == Committed()
    assert await log.entries(P) == commit.entries
    assert len(await log.dead_letters(P)) == 1
    assert await beside.replies(P, "me") == [b"yes"]


async def test_a_repeat_conflicts_once_somebody_has_gone_on(log: EventLog) -> None:
    commit = following(await log.head(P), b"1")
    await log.commit(P, commit)
    await appended(log, P, b"2")

    assert await log.commit(P, commit) == Conflict()


async def test_of_two_writers_at_once_one_wins(log: EventLog) -> None:
    for round in range(20):
        head = await log.head(P)
        answers: dict[bytes, object] = {}

        async def write(
            name: bytes, head: Head = head, answers: dict[bytes, object] = answers
        ) -> None:
            answers[name] = await log.commit(P, following(head, name, b"second"))

        async with anyio.create_task_group() as writers:
            for name in (b"left", b"right"):
                writers.start_soon(write, name)
        winners = [name for name, answer in answers.items() if answer == Committed()]
        losers = [name for name, answer in answers.items() if answer == Conflict()]

        assert (len(winners), len(losers)) == (1, 1)
        assert [e.body for e in await log.entries(P, head.entry_id)] == [winners[0], b"second"]
        assert (await log.head(P)).position == 2 * (round + 1)
    assert broken_at(Head(), await log.entries(P)) is None


async def test_a_commit_may_answer_proposals_without_deciding(log: EventLog) -> None:
    await appended(log, P, b"1")
    head = await log.head(P)

    assert await log.commit(P, following(head, offset="44-0")) == Committed()
    assert await log.head(P) == structs.replace(head, offset="44-0")
    assert await log.commit(P, following(head, b"2", offset="44-0")) == Conflict()


async def test_partitions_do_not_know_each_other(log: EventLog) -> None:
    made = await appended(log, P, b"1")
    control = log.streams.control

    assert await log.head(control) == Head()
    assert await log.commit(control, following(Head(), b"c")) == Committed()
    assert await log.entries(P) == made
    assert [entry.body for entry in await log.entries(control)] == [b"c"]


async def test_time_may_stand_still_and_must_not_go_back(log: EventLog) -> None:
    await appended(log, P, b"1", time_ms=NOON_MS)
    await appended(log, P, b"2", time_ms=NOON_MS)
    head = await log.head(P)

    with pytest.raises(AssertionError, match=f"{NOON_MS - 1}-3 goes back from {NOON_MS} ms"):
        await log.commit(P, following(head, b"3", time_ms=NOON_MS - 1))
    assert await log.head(P) == head
    assert len(await log.entries(P)) == 2


async def test_snapshots_are_the_last_ones_written(log: EventLog) -> None:
    first = {"flow:1": b"a", "flow_run:2": b"b", "flow_run:2:attributes": b"c"}
    await log.commit(P, following(await log.head(P), b"1", snapshots=first))
    await log.commit(P, following(await log.head(P), b"2", snapshots={"flow_run:2": b"d"}))

    assert await log.snapshots(P, ["flow_run:2:attributes", "flow_run:2", "flow:1", "?"]) == [
        b"c", b"d", b"a", None,
    ]  # fmt: skip
    assert await log.snapshots(P, []) == []


async def test_forgotten_snapshots_are_gone(log: EventLog) -> None:
    first = {"flow:1": b"a", "flow_run:2": b"b", "flow_run:2:attributes": b"c"}
    await log.commit(P, following(await log.head(P), b"1", snapshots=first))
    forgotten = ["flow_run:2", "flow_run:2:attributes", "never:there"]
    commit = following(await log.head(P), b"2", snapshots={"flow:3": b"d"}, forgotten=forgotten)

    assert await log.commit(P, commit) == Committed()
    assert await log.snapshots(P, [*first, "flow:3"]) == [b"a", None, None, b"d"]


async def test_many_snapshots_can_be_forgotten_at_once(log: EventLog) -> None:
    snapshots = {f"flow_run:{number}": b"1" for number in range(9_001)}
    await log.commit(P, following(await log.head(P), b"1", snapshots=snapshots))
    await log.commit(P, following(await log.head(P), b"2", forgotten=list(snapshots)))

    assert set(await log.snapshots(P, list(snapshots))) == {None}


async def test_snapshots_can_be_looked_for_everywhere(log: EventLog) -> None:
    await log.commit(P, following(Head(), b"1", snapshots={"task_run:1": b"a"}))
    await log.commit(log.streams.control, following(Head(), b"1", snapshots={"flow:1": b"b"}))
    found = await log.snapshots_everywhere(["task_run:1", "flow:1"])

    assert {where: values for where, values in found.items() if any(values)} == {
        P: [b"a", None],
        log.streams.control: [None, b"b"],
    }
    assert list(found) == list(log.streams.every())
    assert await log.snapshots_everywhere([]) == {each: [] for each in log.streams.every()}


async def test_a_commit_may_be_large(log: EventLog, beside: Beside) -> None:
    bodies = [b"%d" % number for number in range(3_000)]
    snapshots = {f"flow_run:{number}": b"%d" % number for number in range(9_001)}
    replies = [Reply(to="me", proposal_id="p", body=body) for body in bodies]
    commit = following(await log.head(P), *bodies, snapshots=snapshots, replies=replies)

    assert await log.commit(P, commit) == Committed()
    assert await log.entries(P, limit=10_000) == commit.entries
    assert await log.snapshots(P, list(snapshots)) == list(snapshots.values())
    assert await beside.replies(P, "me") == bodies


async def test_only_who_asked_for_a_reply_gets_one(log: EventLog, beside: Beside) -> None:
    replies = [
        Reply(to="alice", proposal_id="p1", body=b"1"),
        Reply(to="bob", proposal_id="p2", body=b"2"),
        Reply(to="alice", proposal_id="p3", body=b"3"),
    ]
    await log.commit(P, following(await log.head(P), b"1", b"2", b"3", b"4", replies=replies))

    assert await beside.replies(P, "alice") == [b"1", b"3"]
    assert await beside.replies(P, "bob") == [b"2"]
    assert await beside.replies(P, "carol") == []


async def test_dead_letters_are_kept_as_they_came_with_the_reason(log: EventLog) -> None:
    letters = [
        DeadLetter(offset="5-0", body=b"\xff{", reason="not JSON"),
        DeadLetter(offset="6-0", body=b"{}", reason="missing", field="flow_run_id"),
        DeadLetter(offset="7-0", body=b"", reason="empty"),
    ]
    await log.commit(P, following(await log.head(P), dead_letters=letters[:2]))
    await log.commit(P, following(await log.head(P), dead_letters=letters[2:]))
    kept = await log.dead_letters(P)

    assert [letter for _, letter in kept] == letters
    assert await log.dead_letters(P, limit=1) == kept[:1]
    assert await log.dead_letters(P, kept[0][0]) == kept[1:]
    assert await log.entries(P) == []


async def test_who_lost_the_lease_writes_nothing(log: EventLog, beside: Beside) -> None:
    commit = following(await log.head(P), b"1", lease="mine")

    assert await log.commit(P, commit) == LeaseLost()
    await beside.grant(P, "theirs")
    assert await log.commit(P, commit) == LeaseLost()
    assert await log.head(P) == Head()
    assert await log.entries(P) == []


async def test_who_holds_the_lease_writes(log: EventLog, beside: Beside) -> None:
    await beside.grant(P, "mine")
    commit = following(await log.head(P), b"1", lease="mine")

    assert await log.commit(P, commit) == Committed()
    await beside.grant(P, "theirs")
    assert await log.commit(P, commit) == Committed(), "it stands, whoever holds the lease now"


async def test_a_lease_does_not_excuse_an_older_head(log: EventLog, beside: Beside) -> None:
    await beside.grant(P, "mine")
    old = await log.head(P)
    await appended(log, P, b"1")

    assert await log.commit(P, following(old, b"2", lease="mine")) == Conflict()


async def test_a_commit_that_does_not_follow_is_our_own_mistake(log: EventLog) -> None:
    head = await log.head(P)
    good = following(head, b"1", b"2")
    first, second = good.entries
    wrong = {
        "does not follow position 0": structs.replace(good, entries=[second]),
        "is not linked to its predecessor": structs.replace(
            good, entries=[first, structs.replace(second, previous=GENESIS)]
        ),
        "the head is not the last entry": structs.replace(good, entries=[first]),
        "answers at least one proposal": structs.replace(
            good, head=structs.replace(good.head, offset=head.offset)
        ),
    }

    for said, commit in wrong.items():
        with pytest.raises(AssertionError, match=said):
            await log.commit(P, commit)
    assert await log.head(P) == head


async def test_task_runs_wait_in_their_order_for_those_who_know_their_task(
    log: EventLog, beside: Beside
) -> None:
    first = [Enqueued("a", "late", 9), Enqueued("b", "other", 1), Enqueued("a", "early", -5)]
    again = [Enqueued("a", "late", -7)]
    for enqueued in (first, again):
        await log.commit(P, following(await log.head(P), b"1", enqueued=enqueued))

    assert await beside.waiting(P, "a") == ["late", "early"]
    assert await beside.waiting(P, "b") == ["other"]
    assert await beside.waiting(P, "c") == []
