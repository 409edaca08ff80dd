"""The post of the demo: a copy of the sample that its author goes on editing."""

from __future__ import annotations

import re
from pathlib import Path

_HEADING = re.compile(r"^# (\d+)\. \[(.+)\]\(", re.MULTILINE)
_MORE = Path(__file__).parent / "more.md"


class Post:
    """A post in a folder of its own."""

    def __init__(self, folder: Path, sample: Path) -> None:
        self._path = folder / sample.name
        self._more = ["# " + one for one in re.split(r"^# ", _MORE.read_text("utf-8"), flags=re.MULTILINE)[1:]]
        self._mended = 0
        self._write(sample.read_text("utf-8"))

    def mend_title(self, addition: str) -> int:
        """Put something at the end of a paper's title, of the next paper each time; give the paper's number."""
        text = self._path.read_text("utf-8")
        found = list(_HEADING.finditer(text))
        one = found[self._mended % len(found)]
        self._mended += 1
        self._write(f"{text[: one.end(2)]} {addition}{text[one.end(2) :]}")
        return int(one[1])

    def add_paper(self) -> int:
        """Add the next paper at the end, and give its number; 0 when there is no more."""
        if not self._more:
            return 0
        text = self._path.read_text("utf-8").rstrip()
        number = len(_HEADING.findall(text)) + 1
        self._write(f"{text}\n\n{self._more.pop(0).replace('# ', f'# {number}. ', 1)}")
        return number

    def _write(self, text: str) -> None:
        self._path.write_text(text, "utf-8")
