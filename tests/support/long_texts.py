"""Long texts: more than an index of PostgreSQL holds, even compressed."""

from hashlib import sha256


def long_text(seed: int, length: int = 12_000) -> str:
    """A text of this *length*, the same for the same *seed*, with little in it to compress."""
    digests = (sha256(f"{seed}/{n}".encode()).hexdigest() for n in range(length // 64 + 1))
    return "".join(digests)[:length]
