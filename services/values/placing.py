"""Problems: all that is wrong with values, each where it is, as forms show it."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError
from referencing.exceptions import Unresolvable

from .hydrating import Place, failures, hydrated_in_part
from .said import Problem, SchemaUnusable, Within
from .validating import checked

NULL = {"type": "null"}


def problems(
    values: Any, schema: Any, variables: Mapping[str, Any]
) -> list[Problem] | SchemaUnusable:
    """What is wrong with *values*, which are made where they say how, by *schema*."""
    made = hydrated_in_part(values, variables)
    unmade = dict(failures(made))

    def found(validator: Any) -> list[tuple[Place, str]]:
        errors = [_placed(each) for one in validator.iter_errors(made) for each in _within(one)]
        return [(at, said) for at, said in errors if not _begins_with(at, unmade)]

    try:
        wrong = checked(schema, found)
    except Unresolvable as error:
        return SchemaUnusable(str(error))
    if isinstance(wrong, SchemaUnusable):
        return wrong
    return _tree([*((at, each.reason) for at, each in unmade.items()), *wrong])


def _within(error: ValidationError) -> Iterator[ValidationError]:
    """*error*; of something that may be null and is not, what is wrong with it as what it is."""
    branches: Any = error.validator_value
    if error.validator == "anyOf" and branches[1:] == [NULL]:
        inner = [each for each in error.context or () if each.schema_path[0] == 0]
        if all(each.validator != "type" or each.relative_path for each in inner):
            for each in inner:
                yield from _within(each)
            return
    yield error


def _placed(error: ValidationError) -> tuple[Place, str]:
    """Where the error is, and what it is; what is missing is where it would be."""
    at = tuple(error.absolute_path)
    if error.validator == "required":
        required: Any = error.validator_value
        at += tuple(name for name in required if error.message.startswith(repr(name)))[:1]
    return at, error.message


def _begins_with(at: Place, places: Mapping[Place, object]) -> bool:
    return any(at[:length] in places for length in range(len(at) + 1))


def _tree(found: list[tuple[Place, str]]) -> list[Problem]:
    """The problems at their places: those of each part together, in the order of the first."""
    here: list[Problem] = [said for at, said in found if not at]
    parts: dict[str | int, list[tuple[Place, str]]] = {}
    for at, said in found:
        if at:
            parts.setdefault(at[0], []).append((at[1:], said))
    for part, inside in parts.items():
        errors = _tree(inside)
        if isinstance(part, int):
            here.append(Within(index=part, errors=errors))
        else:
            here.append(Within(property=part, errors=errors))
    return here
