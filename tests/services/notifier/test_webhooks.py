"""A request to a public address alone goes to the address that was looked at."""

from typing import Any

import pytest

from services.notifier.sending import Message, Sender
from services.notifier.sending.webhooks import Request, custom_request, pinned, sent
from tests.support.receiver import Receiver

pytestmark = pytest.mark.anyio


def asked(**data: Any) -> Message:
    return Message(subject="s", body="b", block="hook", data={"method": "POST", **data})


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"url": "http://127.0.0.1:9/"}, "the host is on a private network"),
        ({"url": "http://[::1]:9/"}, "the host is on a private network"),
        ({"url": "http://localhost:9/"}, "the host is on a private network"),
        ({"url": "nothing"}, "the block's url has no host"),
        ({"url": "http://a..b/"}, "nobody knows the host"),
    ],
)
async def test_what_is_not_public_is_not_sent_to(data: dict[str, Any], detail: str) -> None:
    said = await sent(custom_request(asked(allow_private_urls=False, **data)), 5.0)
    assert (said.outcome.value, said.detail, said.is_again) == ("failed", detail, False)


@pytest.mark.parametrize("who", ["", "me:secret@", "me:a%40b@"])
async def test_who_is_named_in_a_public_address_is_still_named(who: str) -> None:
    to = await pinned(Request(url=f"https://{who}8.8.8.8:8443/x?y=1", is_public=True))
    assert to.url == f"https://{who}8.8.8.8:8443/x?y=1"
    assert (to.headers["host"], to.sni) == ("8.8.8.8:8443", "8.8.8.8")


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1/", "x://y", "http://a:b/"])
async def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    said = await sent(custom_request(asked(url=url)), 5.0)
    assert (said.outcome.value, said.is_again) == ("failed", False), said


async def test_what_breaks_off_may_have_arrived() -> None:
    with Receiver() as receiver:
        receiver.headers = {"broken header": "\r\n"}
        receiver.status = 99
        sender = Sender(2.0)
        said = await sender.attempt(asked(url=receiver.url))
        sender.close()
    assert said.outcome.value in ("unknown", "failed")


@pytest.mark.parametrize("status", [429, 503])
async def test_who_says_later_is_asked_again(status: int) -> None:
    with Receiver() as receiver:
        receiver.status = status
        said = await sent(custom_request(asked(url=receiver.url)), 5.0)
    assert (said.is_again, said.detail) == (True, f"the receiver answered {status}")


async def test_variables_are_filled_in_everywhere_and_once() -> None:
    data: dict[str, Any] = {
        "url": "http://x/{{ token }}",
        "json_data": {"{{name}}": ["{{body}}", None, 1.5, {"a": "{{ subject }}{{nobody}}"}]},
        "cookies": {"c": "{{token}}"},
        "secrets": {"token": "{{body}}", "body": "mine"},
    }
    request = custom_request(asked(**data))
    assert request.url == "http://x/{{body}}"
    assert request.json == {"hook": ["b", None, 1.5, {"a": "s{{nobody}}"}]}
    assert (request.cookies, request.form) == ({"c": "{{body}}"}, None)
