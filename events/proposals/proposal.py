"""What every proposal has, whatever it asks for."""

from msgspec import Struct

from ..identity import ProposalId
from ..instants import Instant


class AnyProposal(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="type",
):
    """A closed family; its members are listed in `Proposal`.

    *at* is the instant of intake and rules know no other clock; left out, it is the time at
    which the entry reached the stream. *by* is who asks. *reply_to* names the stream, on the
    same partition, that the answer is written to.
    """

    id: ProposalId
    at: Instant | None = None
    by: str | None = None
    reply_to: str | None = None
