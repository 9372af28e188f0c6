"""Large answers are sent packed to those who can unpack them."""

import re
from asyncio import to_thread
from gzip import compress

from msgspec import structs

from .errors import Reply

LEVEL = 1
"""JSON shrinks to a sixth already; the next levels take twice the time for a little less."""

IN_THREAD_BYTES = 262_144
"""From here on packing takes longer than other requests should wait."""

VARY = (b"vary", b"accept-encoding")
_gzip = re.compile(rb"(?:^|,)\s*gzip\s*(?:;\s*q=(?P<weight>[0-9.]+)\s*)?(?:,|$)", re.IGNORECASE)


async def packed(reply: Reply, accepted: bytes) -> Reply:
    """*reply* as somebody may have it who says *accepted* about encodings."""
    headers = (*reply.headers, VARY)
    if not _accepts_gzip(accepted):
        return structs.replace(reply, headers=headers)
    body = reply.body
    if len(body) < IN_THREAD_BYTES:
        smaller = compress(body, LEVEL, mtime=0)
    else:
        smaller = await to_thread(compress, body, LEVEL, mtime=0)
    return structs.replace(reply, body=smaller, headers=(*headers, (b"content-encoding", b"gzip")))


def _accepts_gzip(accepted: bytes) -> bool:
    found = _gzip.search(accepted)
    return found is not None and (found["weight"] is None or bool(found["weight"].strip(b"0.")))
