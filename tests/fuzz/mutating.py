"""Messages made wrong: a little in their tree, or a little in their bytes."""

import json
from copy import deepcopy
from random import Random
from typing import Any

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**40, 1e308, -0.0),
    *("", " ", "x", "x" * 3_000, "\x00", "a\x00b", "\N{GRINNING FACE}", "\u202e", "\ufeff", "\\"),
    *("%00", "../..", "null", "NaN", "'; drop", "{{ 1 }}", "[", "1e400", "-1", "0" * 400),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-11-20T12:00:00+23:59"),
    *("1970-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-20 12:00:00", "P1Y", "PT0S"),
    *("11111111-2222-4333-8444-555555555555", "00000000-0000-0000-0000-000000000000"),
    *([], {}, [None], [[]], {"": ""}, {"type": "x"}, [1, "a", None], {"a": {"b": {"c": 1}}}),
)


class Mutator:
    """Draws lots by *seed*: the same ones again for the same seed."""

    def __init__(self, seed: int) -> None:
        self.lots = Random(seed)

    def mutated(self, message: Any, known: list[str]) -> bytes:
        """*message* as JSON, mostly wrong; *known* are ids and names of things that there are."""
        tree = deepcopy(message)
        for _ in range(self.lots.choice((0, 1, 1, 1, 2, 3, 6))):
            tree = self._tree(tree, known)
        body = json.dumps(tree, ensure_ascii=self.lots.random() < 0.5).encode()
        return self._bytes(body) if self.lots.random() < 0.15 else body

    def _tree(self, tree: Any, known: list[str]) -> Any:
        places = [*_places(tree)]
        if not places or self.lots.random() < 0.02:
            return self._junk(known)
        holder, key = self.lots.choice(places)
        match self.lots.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[self.lots.choice(("", "id", "type", "x", "\x00", "__proto__"))] = self._junk(
                    known
                )
            case 2:
                other, there = self.lots.choice(places)
                holder[key] = deepcopy(other[there])
            case 3:
                holder[key] = self._deep()
            case _:
                holder[key] = self._junk(known)
        return tree

    def _junk(self, known: list[str]) -> Any:
        if known and self.lots.random() < 0.4:
            return self.lots.choice(known)
        return deepcopy(self.lots.choice(JUNK))

    def _deep(self) -> Any:
        tree: Any = 1
        for _ in range(self.lots.choice((3, 100, 300))):
            tree = [tree] if self.lots.random() < 0.5 else {"a": tree}
        return tree

    def _bytes(self, body: bytes) -> bytes:
        at = self.lots.randrange(len(body) + 1)
        to = min(len(body), at + self.lots.randrange(1, 20))
        match self.lots.randrange(4):
            case 0:
                return body[:at]
            case 1:
                return body[:at] + body[to:]
            case 2:
                return body[:at] + self.lots.randbytes(to - at) + body[to:]
            case _:
                return body[:to] + body[at:]


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in *tree*, as what holds it and the key or index there."""
    found: list[tuple[Any, Any]] = []
    if isinstance(tree, dict):
        for key, value in tree.items():  # pyright: ignore[reportUnknownVariableType]
            found += [(tree, key), *_places(value)]
    elif isinstance(tree, list):
        for index, value in enumerate(tree):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            found += [(tree, index), *_places(value)]
    return found
