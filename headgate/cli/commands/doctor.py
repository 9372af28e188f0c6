"""`headgate doctor` looks at everything that can be wrong, and says what to do about it."""

import asyncio

from ...doctor import examine
from ..console import out, plain
from ..where import HERE, Where


def doctor(*, port: int | None = None, where: Where = HERE) -> int:
    """Name what is wrong, and what to do next; ends with 1 when something is.

    Parameters
    ----------
    port
        The gateway's port; HEADGATE_PORT when left out.
    """
    findings = asyncio.run(examine(where.settings(port=port)))
    console = out()
    for finding in findings:
        sign = "[green]ok   [/]" if finding.mend is None else "[red]wrong[/]"
        console.print(f"{sign} {finding.about}: {plain(finding.said)}", soft_wrap=True)
        if finding.mend is not None:
            console.print(f"      → {plain(finding.mend)}", soft_wrap=True)
    wrong = sum(finding.mend is not None for finding in findings)
    console.print("nothing is wrong" if not wrong else f"{wrong} of {len(findings)} are wrong")
    return 1 if wrong else 0
