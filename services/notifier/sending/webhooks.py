"""Webhooks: one HTTP request, as a block describes it; redirects are not followed."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct, structs

from .addresses import PrivateAddress, public_address
from .said import Message, Said, again, answered, failed, unknown

CONNECT = 0.8
"""The part of its time after which an attempt that has no connection is given up as such."""

_variable = re.compile(r"{{\s*([^{}\s]+)\s*}}")


class Request(Struct, frozen=True, kw_only=True):
    """A request; *json* or *form* is its body. A TLS connection asks for the host *sni*."""

    method: str = "POST"
    url: str
    params: dict[str, str] | None = None
    headers: dict[str, str] = {}
    cookies: dict[str, str] | None = None
    json: Any = None
    form: dict[str, str] | None = None
    is_public: bool = False
    sni: str | None = None


def is_custom(data: Mapping[str, Any]) -> bool:
    """Whether a block of this *data* describes a request, not only where it goes."""
    return any(field in data for field in ("method", "json_data", "form_data"))


def text_request(message: Message) -> Request:
    """The message as most services take it that people talk on."""
    is_public = message.data.get("allow_private_urls") is False
    return Request(url=message.data["url"], json={"text": message.body}, is_public=is_public)


def custom_request(message: Message) -> Request:
    """The request that a block describes, its variables and secrets filled in."""
    data = message.data
    secrets = data.get("secrets")
    values: dict[str, Any] = {
        **(cast("dict[str, Any]", secrets) if isinstance(secrets, dict) else {}),
        "subject": message.subject,
        "body": message.body,
        "name": data.get("name") or message.block,
    }
    filled = {
        field: _filled(data.get(field), values)
        for field in ("url", "params", "headers", "cookies", "json_data", "form_data")
    }
    return Request(
        method=str(data.get("method") or "POST").upper(),
        url=str(filled["url"]),
        params=_texts(filled["params"]),
        headers=_texts(filled["headers"]) or {},
        cookies=_texts(filled["cookies"]),
        json=filled["json_data"],
        form=_texts(filled["form_data"]),
        is_public=data.get("allow_private_urls") is False,
    )


async def sent(request: Request, timeout_s: float) -> Said:
    """Send *request* within so many seconds; what became of it."""
    import httpx  # loaded with the first notification

    try:
        async with asyncio.timeout(timeout_s):
            to = await pinned(request) if request.is_public else request
            extensions = {"sni_hostname": to.sni} if to.sni else {}
            async with (
                httpx.AsyncClient(
                    follow_redirects=False,
                    timeout=httpx.Timeout(timeout_s, connect=timeout_s * CONNECT),
                    trust_env=not request.is_public,
                    cookies=request.cookies,
                ) as client,
                client.stream(
                    request.method, to.url, params=request.params, headers=to.headers,
                    json=request.json, data=request.form, extensions=extensions,
                ) as answer,
            ):  # fmt: skip
                return answered(answer.status_code)
    except PrivateAddress as error:
        return failed(str(error))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError):
        return again("no connection to the receiver")
    except (TimeoutError, httpx.TimeoutException):
        return unknown(f"no answer within {timeout_s:g} s")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
        return failed("the block does not describe a request")
    except httpx.HTTPError:
        return unknown("the connection broke before the answer")
    except (TypeError, ValueError):
        return failed("the block does not describe a request")


async def pinned(request: Request) -> Request:
    """*request* to an address of its host that is public, so that nobody names another one."""
    parts = urlsplit(request.url)
    if not parts.hostname:
        raise PrivateAddress("the block's url has no host")
    address = await public_address(parts.hostname)
    port = f":{parts.port}" if parts.port else ""
    shown = f"[{address}]" if ":" in address else address
    who, at, _ = parts.netloc.rpartition("@")
    return structs.replace(
        request,
        url=urlunsplit(parts._replace(netloc=who + at + shown + port)),
        headers={"host": parts.hostname + port, **request.headers},
        sni=parts.hostname,
    )


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """*value* with the text of *values* wherever it has the name of one in double braces."""
    match value:
        case str():
            return _variable.sub(lambda found: str(values.get(found[1], found[0])), value)
        case dict():
            each = cast("dict[str, Any]", value).items()
            return {_filled(key, values): _filled(one, values) for key, one in each}
        case list():
            return [_filled(one, values) for one in cast("list[Any]", value)]
        case _:
            return value


def _texts(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict) or not value:
        return None
    return {str(key): str(one) for key, one in cast("dict[Any, Any]", value).items()}
