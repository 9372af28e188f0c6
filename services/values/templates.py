"""Templates of strangers are rendered in a sandbox that lets them neither reach out nor grow."""

from typing import Any

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .said import NotRendered, Unreadable

LOOPS_NESTED_MAX = 2
LOOPS_MAX = 10
TEXT_MAX = 100_000
"""Characters of a template, and about as many of what it makes."""


GROWING = frozenset(
    {"center", "expandtabs", "format", "format_map", "indent", "ljust", "rjust", "zfill"}
)
"""Methods and filters that make any amount of text of little."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's own, without what makes much of little: repetition, powers, padding."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=ChainableUndefined)
        self.globals = {name: self.globals[name] for name in ("dict", "namespace", "range")}
        self.filters = {name: each for name, each in self.filters.items() if name not in GROWING}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may have the attribute."""
        return attr not in GROWING and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """The result of an intercepted operator."""
        numbers = (int, float)
        if operator == "**" or not (isinstance(left, numbers) and isinstance(right, numbers)):
            raise SecurityError(f"the operator {operator} is for numbers only, and ** for none")
        return super().call_binop(context, operator, left, right)


_sandbox = _Sandbox()


def unreadable(template: str) -> Unreadable | None:
    """Why *template* cannot be read, whatever its variables; None when it can."""
    try:
        _sandbox.parse(template)
    except TemplateSyntaxError as error:
        return Unreadable(error.lineno, f"{error.message}")
    except RecursionError:
        return Unreadable(1, "the template is nested too deep")
    return None


def rendered(template: str) -> str | NotRendered:
    """What *template* makes, with no variables; or why nothing."""
    if len(template) > TEXT_MAX:
        return NotRendered(f"the template has more than {TEXT_MAX} characters")
    try:
        tree = _sandbox.parse(template)
        loops = len(list(tree.find_all(nodes.For)))
        depth = _nested(tree)
        if depth > LOOPS_NESTED_MAX:
            return NotRendered(
                f"Contains nested for loops at a depth of {depth}. Templates can nest for loops"
                f" no more than {LOOPS_NESTED_MAX} loops deep."
            )
        if loops > LOOPS_MAX:
            return NotRendered(
                f"Contains {loops} for loops. Templates can contain no more than {LOOPS_MAX}"
                " for loops."
            )
        return _rendered(template)
    except TemplateError as error:
        return NotRendered(f"{error.message}")
    except RecursionError:
        return NotRendered("the template is nested too deep")


def _rendered(template: str) -> str | NotRendered:
    pieces: list[str] = []
    size = 0
    try:
        for piece in _sandbox.from_string(template).generate():
            pieces.append(piece)
            size += len(piece)
            if size > TEXT_MAX:
                return NotRendered(f"it makes more than {TEXT_MAX} characters")
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TemplateError,
        TypeError,
        ValueError,
    ) as error:
        return NotRendered(f"Failed to render template due to the following error: {error!r}")
    return "".join(pieces)


def _nested(node: nodes.Node) -> int:
    inside = max(map(_nested, node.iter_child_nodes()), default=0)
    return inside + isinstance(node, nodes.For)
