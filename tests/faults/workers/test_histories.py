"""All kinds of faults of workers together, drawn from seeds; each history ends in a comparison with what should stand.

How to run and replay a seed: tests/README.md.
"""

from __future__ import annotations

import pytest

from tests.faults.seeds import seeds
from tests.faults.site import Site
from tests.faults.workers.drawing import Script, draw
from tests.faults.workers.playing import play
from tests.faults.workers.server import Server
from tests.faults.workers.stage import staged
from tests.faults.workers.times import SHORT

pytestmark = pytest.mark.long  # until a busy machine does not make them fail

SHORT_FORM, LONG_FORM = range(2), range(100, 165)


@pytest.mark.parametrize("seed", list(seeds(SHORT_FORM, LONG_FORM)))
async def test_seed(site: Site, server: Server, seed: int) -> None:
    await _play(site, server, draw(seed, SHORT, rounds=2 if seed in SHORT_FORM else 6), f"seed {seed}")


async def _play(site: Site, server: Server, script: Script, name: str) -> None:
    """Play a script to its end, and compare; what fails tells the script, and what the workers said."""
    async with staged(site, server, days=script.days) as stage:
        try:
            await play(stage, script)
            await stage.check()
        except BaseException as error:
            error.add_note(f"{name}: {script}")
            raise
