"""The IP allow list: the networks that may come in; there is one for a server."""

import pytest
from msgspec import ValidationError, json

from events.resources.administration.ip_allowlist import (
    ID,
    IpAllowlist,
    IpAllowlistEntry,
    network_of,
)


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("10.1.2.3", "10.1.2.3/32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("::1", "::1/128"),
        ("FD00::1/8", "fd00::/8"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_written_in_one_way(written: str, network: str) -> None:
    assert str(network_of(written)) == network


@pytest.mark.parametrize("written", ["", "banana", "10.0.0.0/33", "10.0.0", "::1/129", "10.0.0.1 "])
def test_what_is_no_network_is_no_entry(written: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        IpAllowlistEntry(ip_network=written)
    body = json.encode({"kind": "ip_allowlist.v1", "id": ID, "entries": [{"ip_network": written}]})
    with pytest.raises(ValidationError, match=r"\$\.entries\[0\]"):
        json.decode(body, type=IpAllowlist)


def test_only_enabled_entries_let_in() -> None:
    entries = [
        IpAllowlistEntry(ip_network="10.0.0.0/8", enabled=False),
        IpAllowlistEntry(ip_network="::1"),
    ]

    assert IpAllowlist(id=ID, entries=entries).networks() == (network_of("::1"),)
