"""The bus, described for programs: every message's JSON Schema, and an AsyncAPI 3 document of them.

Both are made of the registry of messages, so that they cannot say something else.
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, cast

from msgspec import json

from events.decisions import Decision
from events.streams import PROPOSAL_FIELD, REPLY_FIELD
from events.wire.registry import MESSAGES, PROPOSALS, name_of
from events.wire.replies import Answer, Unanswered

DRAFT = "https://json-schema.org/draft/2020-12/schema"

PARTITION = {
    "description": "A partition: `control`, or a number from 0 on. Its braces stand in the key as "
    "they do here, so that the first is `headgate:{0}:proposals`."
}
CLIENT = {"description": "The name that the proposer gave in `reply_to`."}


def written(document: dict[str, Any]) -> str:
    """*document* as it stands in a file."""
    return json.format(json.encode(document, order="sorted"), indent=2).decode() + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of all messages that have ever been written, retired ones included."""
    refs, definitions = json.schema_components(MESSAGES.values(), ref_template="#/$defs/{name}")
    return {
        "$schema": DRAFT,
        "title": "Messages of Headgate",
        "oneOf": list(refs),
        "$defs": definitions,
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of the streams that other programs read and write."""
    messages = (*PROPOSALS, Decision, Answer, Unanswered)
    refs, schemas = json.schema_components(messages, ref_template="#/components/schemas/{name}")
    payloads = dict(zip(messages, refs, strict=True))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Headgate",
            "version": version("headgate-service"),
            "description": "Proposals go in, decisions come out, over Redis streams.",
        },
        "defaultContentType": "application/json",
        "servers": {"redis": {"host": "localhost:6379", "protocol": "redis", "pathname": "/0"}},
        "channels": {
            "proposals": _channel(
                "proposals", f"What is asked, in the field `{PROPOSAL_FIELD}`.", PROPOSALS
            ),
            "transitions": _channel(
                "transitions", "What was decided, in the field `decision`.", [Decision]
            ),
            "replies": _channel(
                "replies:{client}",
                f"What a proposer hears, in the field `{REPLY_FIELD}`.",
                [Answer, Unanswered],
                client=CLIENT,
            ),
            "dead_letters": _channel(
                "dead_letters",
                f"What could not be decided, as it came, in the field `{PROPOSAL_FIELD}`; why, in "
                "`reason`. It may be no message at all.",
                PROPOSALS,
            ),
        },
        "operations": {
            "propose": _operation("receive", "proposals", "Decide what is asked."),
            "decide": _operation("send", "transitions", "Say what was decided, to everybody."),
            "answer": _operation("send", "replies", "Say what was decided, to who has asked."),
            "put_aside": _operation("send", "dead_letters", "Keep what could not be decided."),
        },
        "components": {
            "messages": {
                name_of(each): {
                    "name": name_of(each),
                    "title": each.__name__,
                    "summary": (each.__doc__ or "").partition("\n")[0],
                    "payload": payload,
                }
                for each, payload in payloads.items()
            },
            "schemas": _without_discriminators(schemas),
        },
    }


def _channel(name: str, text: str, messages: Iterable[type], **parameters: Any) -> dict[str, Any]:
    names = [name_of(each) for each in messages]
    return {
        "address": f"headgate:{{partition}}:{name}",
        "description": text,
        "parameters": {"partition": PARTITION, **parameters},
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in names},
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
    }


def _without_discriminators(tree: Any) -> Any:
    """*tree* without what AsyncAPI spells otherwise; each message says its `type` anyway."""
    if isinstance(tree, dict):
        named = cast("dict[str, Any]", tree)
        return {
            name: _without_discriminators(each)
            for name, each in named.items()
            if name != "discriminator" or "propertyName" not in each
        }
    if isinstance(tree, list):
        return [_without_discriminators(each) for each in cast("list[Any]", tree)]
    return tree
