"""All kinds of faults together, drawn from seeds; each run ends in a comparison with what should stand.

How to run and replay a seed: tests/README.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.combined import acts, drawing, runs
from tests.faults.combined.drawing import Script, draw
from tests.faults.combined.judging import judge
from tests.faults.combined.runs import Run
from tests.faults.combined.stage import NEEDS_PERSON, Stage
from tests.faults.seeds import seeds
from tests.faults.site import Site
from tests.faults.tally import Case

SHORT, LONG = range(10), range(10, 200)
# Why a message may stay unsettled: a group moved while its answer was lost.
ALLOWED = ("became the supergroup", "the chat became")


@pytest.mark.parametrize("seed", list(seeds(SHORT, LONG)))
async def test_seed(site: Site, seed: int) -> None:
    await _play(site, draw(seed, most=2 if seed in SHORT else 4), f"seed {seed}")


async def test_script(site: Site) -> None:
    """Play the script of a file, such as one that a failure printed; without one, a short one in which all is well."""
    path = os.environ.get("PAPERBOY_SCRIPT")
    text = Path(path).read_text() if path else str(Script(("42", "C0123ABCD"), 1, (acts.Publish(), Run())))
    names = {**vars(acts), **vars(runs), **vars(drawing)}
    await _play(site, eval(text, names), "script")


async def _play(site: Site, script: Script, name: str) -> None:
    """Play a script to its end, and compare; what fails tells the script, and what the processes said."""
    try:
        stage = Stage(site, script.names, script.days)
        for step in script.steps:
            await step.play(stage) if isinstance(step, Run) else step.do(stage)
        ended = await stage.finish()
        outcome = judge(stage)
        verdicts = list(site.verdicts())
        site.record(Case(len(script.steps), outcome, verdicts))
        assert not outcome.wrong, "\n".join(outcome.wrong)
        assert all(any(why in line for why in ALLOWED) for line in outcome.unsettled), outcome.unsettled
        assert ended.code in (0, NEEDS_PERSON), ended.err  # a chat may wait for a message that shows it to be open
        assert all(verdict.right is not False for verdict in verdicts), verdicts
    except BaseException as error:
        error.add_note(f"{name}: {script}")
        for number, one in enumerate(site.ended, 1):
            error.add_note(f"process {number} ended with {one.code}\n{one.out}{one.err}")
        raise
