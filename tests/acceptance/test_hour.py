"""An hour of `paperboy run`: no silence, no text twice, no needless sound; `faketime` makes it some minutes long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support.chats import CHANNEL, GROUP
from tests.support.setup import ROOT

BEGIN = "@2026-03-03 08:20:00"
FASTER = 25


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("faketime"), reason="Debian's package faketime turns the clock")
def test_the_hour_of_a_group_a_channel_and_an_operator() -> None:
    command = ["faketime", "-f", f"{BEGIN} x{FASTER}", sys.executable, "-m", "tests.acceptance.hour", "0926"]
    environ = {**os.environ, "TZ": "Asia/Seoul", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not ended.returncode, ended.stderr
    found = json.loads(ended.stdout)
    rings = found["rings"]
    assert (found["complaints"], found["doubled"]) == ([], [])
    assert [len(rings[CHANNEL]), len(rings[GROUP])] == [1, 1]  # the index of the day
    signs = [text.split("\n")[-1].split()[0] for text in rings["45"]]
    assert signs == ["✖", "✔", "chats:", "⏸", "✔", "✖", "✔"]  # the first two, as the folder is empty until 08:27
    assert {json.loads(line)["event"] for line in found["errors"]} == {"not listening"}  # when the network is away
