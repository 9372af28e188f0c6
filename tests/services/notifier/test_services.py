"""A service is told only where it may be, and one that hangs takes no other's chance."""

import asyncio

import pytest

from events.resources.notifications import Sending
from services.notifier.sending import Message
from services.notifier.sending.services import Services
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


def asked(url: str, **data: object) -> Message:
    return Message(subject="s", body="b", block="hook", data={"url": url, **data})


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("json://127.0.0.1:9/", "the host is on a private network"),
        ("json://nobody.invalid/", "nobody knows the host"),
        (
            "mailto://me:secret@mail.example?smtp=10.0.0.5&to=you@mail.example",
            "the url names a further host",
        ),
        (
            "mailto://me:secret@mail.example?SMTP=10.0.0.5&to=you@mail.example",
            "the url names a further host",
        ),
    ],
)
async def test_what_may_not_be_public_is_not_sent_to(url: str, detail: str) -> None:
    services = Services()
    await services.load()
    said = await services.sent(asked(url, allow_private_urls=False), 5.0)
    services.close()
    assert said is not None
    assert (said.outcome, said.detail, said.is_again) == (Sending.FAILED, detail, False)


async def test_who_waits_for_a_thread_has_not_been_sent_and_may_be_again() -> None:
    services = Services(threads=1)
    await services.load()
    with Receiver() as hanging, Receiver() as healthy:
        hanging.gate.clear()
        slow, fast = (asked(each.url.replace("http", "json", 1)) for each in (hanging, healthy))
        first = asyncio.create_task(services.sent(slow, 20.0))
        await wait_until(lambda: bool(hanging.heard))
        said = await services.sent(fast, 1.0)
        assert said is not None
        assert (said.is_again, said.detail) == (True, "no thread was free")
        hanging.gate.set()
        done = await first
        assert done is not None
        assert done.outcome is Sending.SENT
        again = await services.sent(fast, 5.0)
        assert again is not None
        assert (again.outcome, len(healthy.heard)) == (Sending.SENT, 1)
    services.close()
