"""A place moves when everything before it is settled, in whatever order that is."""

from services.notifier.places import Progress


def test_batches_settle_in_any_order() -> None:
    progress = Progress({0: "1-1"})
    first, second = progress.began({0: "5-5"}, 2), progress.began({0: "6-6", 1: "6-1"}, 1)
    progress.settled(second)
    progress.settled(first)
    assert progress.places == {0: "1-1"}
    progress.settled(first)
    assert progress.places == {0: "6-6", 1: "6-1"}


def test_batches_of_nothing_do_not_pile_up_behind_one_that_is_open() -> None:
    progress = Progress({})
    progress.began({0: "1-1"}, 0)
    assert progress.places == {0: "1-1"}
    held = progress.began({0: "2-2"}, 1)
    nothing = [progress.began({0: f"{n}-{n}"}, 0) for n in range(3, 9)]
    assert all(each is nothing[0] for each in nothing)
    progress.settled(held)
    assert progress.places == {0: "8-8"}
