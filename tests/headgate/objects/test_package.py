"""The objects are documented, and cost nobody time who does not ask for them."""

import subprocess
import sys

import pytest

from tests.support.objects_page import PAGE, page, undocumented
from tests.support.sources import ROOT


def test_the_page_says_what_there_is() -> None:
    assert PAGE.read_text() == page(), "python -m tests.support.objects_page writes it anew"
    assert undocumented() == []


@pytest.mark.parametrize("module", ["headgate.client", "headgate.cli", "headgate.wiring"])
def test_nobody_who_does_not_ask_for_objects_loads_them(module: str) -> None:
    script = (
        f"import sys, {module};"
        "sys.exit(any(name.startswith('headgate.objects') for name in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert ran.returncode == 0
