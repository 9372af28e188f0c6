"""Kinds of steps: one small declaration each, in a module for each subject."""

from collections.abc import Collection, Sequence
from random import Random

from tests.parity.kinds import deployments, flow_runs, inputs, limits, task_runs
from tests.parity.kinds.lists import looked_at
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step

SUBJECTS: dict[str, tuple[Kind, ...]] = {
    "flow_runs": (),
    "task_runs": task_runs.KINDS,
    "deployments": deployments.KINDS,
    "inputs": inputs.KINDS,
    "limits": limits.KINDS,
    "everything": (*task_runs.KINDS, *deployments.KINDS, *inputs.KINDS, *limits.KINDS),
}
"""What a script is about besides flow runs: mostly one subject, so that it gets somewhere.
The first kind of each makes what the others are about."""
SUBJECT = 2.5
"""How much likelier the steps of a script's subject are than what any script does."""
STEPS_MAX = 10


def drawn(random: Random, subjects: Sequence[str], without: Collection[str] = ()) -> list[Step]:
    """A script: some steps on a flow of its own, and a look at the whole in the end."""
    world = World(random)
    steps = [Step(kind="flow", method="POST", path="/flows/", binds="flow",
                  body={"name": "flow-~", "labels": {"team": "a"}})]  # fmt: skip
    if first := flow_runs.create(world):
        steps.append(first)
    subject = SUBJECTS[random.choice(subjects)]
    if subject and world.chance(0.8) and isinstance(made := subject[0].draw(world), Step):
        steps.append(made)
    kinds = [kind for kind in (*flow_runs.KINDS, *subject) if kind.name not in without]
    weights = [kind.weight * (SUBJECT if kind in subject else 1) for kind in kinds]
    for kind in random.choices(kinds, weights, k=random.randint(2, STEPS_MAX)):
        drawn = kind.draw(world)
        steps += [drawn] if isinstance(drawn, Step) else drawn or []
    return [*steps, *random.sample(looks := looked_at(world), min(2, len(looks)))]
