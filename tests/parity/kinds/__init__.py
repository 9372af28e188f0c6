"""Kinds of steps: one small declaration each, in a module for each subject."""

from random import Random

from tests.parity.kinds import flow_runs, task_runs
from tests.parity.kinds.lists import looked_at
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step

KINDS: tuple[Kind, ...] = (*flow_runs.KINDS, *task_runs.KINDS)
STEPS_MAX = 10


def drawn(random: Random) -> list[Step]:
    """A script: some steps on a flow of its own, and a look at the whole in the end."""
    world = World(random)
    steps = [Step(kind="flow", method="POST", path="/flows/", binds="flow",
                  body={"name": "flow-~", "labels": {"team": "a"}})]  # fmt: skip
    if first := flow_runs.create(world):
        steps.append(first)
    weights = [kind.weight for kind in KINDS]
    chosen = random.choices(KINDS, weights, k=random.randint(2, STEPS_MAX))
    steps += [step for kind in chosen if (step := kind.draw(world)) is not None]
    return [*steps, *random.sample(looks := looked_at(world), min(2, len(looks)))]
