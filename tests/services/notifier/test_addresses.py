"""What a block keeps from private addresses does not reach one."""

import pytest

from services.notifier.sending.addresses import PrivateAddress, public_address

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700:4700::1111"])
async def test_a_public_address_is_itself(host: str) -> None:
    assert await public_address(host) == host


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254"),
        *("0.0.0.1", "::1", "fe80::1", "fd00::1", "100.64.0.1", "224.0.0.1", "::ffff:10.0.0.1"),
        *("2130706433", "0x7f.1", "", "a" * 300),
    ],
)
async def test_a_private_one_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(PrivateAddress):
        await public_address(host)
