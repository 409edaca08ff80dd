"""Why a digest is in its state: codes by which the program decides, and the sentences that people read.

The codes are on disk: one never changes, a new one is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bot.database.states import DigestState


class Cause(StrEnum):
    """The kind of a reason."""

    NONE = ""
    """There is nothing to say."""
    MISSED = "missed"
    """It came with more others than are caught up with; it is never delivered."""
    STAYED_EMPTY = "stayed_empty"
    """Its post had no papers for as long as is waited; it is delivered when it has some."""
    GONE = "gone"
    """Its post was taken away while it looked unfinished; it is delivered when it comes back. The number is how many
    papers there were before it lost some, if it did; no sentence says it."""
    GIVEN_UP = "given_up"
    """The operator gave it up while it looked unfinished; it is never delivered."""
    LOST_ALL = "lost_all"
    """Its post lost all papers after it was delivered."""
    TOO_LATE = "too_late"
    """Its post changed later than delivered messages follow."""
    EMPTY = "empty"
    """Its post looks unfinished: no papers. The number is how many there were before, if any; no sentence says it."""
    SHRANK = "shrank"
    """Its post looks unfinished: from one number of papers to another."""
    SPARSE_PAPERS = "sparse_papers"
    """Its post looks unfinished: so many of so many papers say nothing."""
    SPARSE_SECTIONS = "sparse_sections"
    """Its post looks unfinished: so many of so many sections say nothing."""
    FUTURE = "future"
    """It is dated in the future; it is judged when that day has come. The numbers are year, month and day."""
    LATE = "late"
    """It is dated long before it was found; it is delivered only when its date is corrected."""
    DROPPED = "dropped"
    """The operator dropped it; it is new when the content of its post changes."""
    OTHER = "other"
    """What an older ledger says in words that no version knows; nothing follows from it."""


_UNFINISHED = {Cause.EMPTY, Cause.SHRANK, Cause.SPARSE_PAPERS, Cause.SPARSE_SECTIONS}
_SENTENCES = {
    Cause.NONE: "",
    Cause.MISSED: "more digests were missed than catch_up delivers",
    Cause.STAYED_EMPTY: "the post stayed without papers",
    Cause.GONE: "the post was taken away before it was finished",
    Cause.GIVEN_UP: "given up by the operator",
    Cause.LOST_ALL: "the post lost all its papers; what was delivered stays",
    Cause.TOO_LATE: "the post changed after edits_for; what was delivered stays",
    Cause.EMPTY: "the post has no papers yet",
    Cause.SHRANK: "the post shrank from {} papers to {}",
    Cause.SPARSE_PAPERS: "{} of the post's {} papers say nothing yet",
    Cause.SPARSE_SECTIONS: "{} of the post's {} sections say nothing yet",
    Cause.FUTURE: "the post is dated {:04}-{:02}-{:02}; it is held until that day",
    Cause.LATE: "dated more than 14 days before it was found; it is in the archive, not sent",
    Cause.DROPPED: "dropped by the operator; it is new when its post changes",
    Cause.OTHER: "",
}
_WAITS = "; it is not edited before that has lasted for gate_wait"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a digest is in its state."""

    cause: Cause = Cause.NONE
    numbers: tuple[int, ...] = ()  # in the order of the sentence
    words: str = ""  # of an older ledger, in place of the sentence

    @classmethod
    def read(cls, cause: str, numbers: Sequence[int], words: str) -> Self:
        """Read what the ledger holds."""
        return cls(Cause(cause), tuple(numbers), words)

    def stored(self) -> dict[str, object]:
        """Give what the ledger holds, by column."""
        return {"cause": self.cause, "numbers": self.numbers, "reason": self.words}

    def sentence(self, state: DigestState) -> str:
        """Say why a digest of this state stands so; nothing where there is nothing to say."""
        said = self.words or _SENTENCES[self.cause].format(*self.numbers)
        return said + _WAITS if state is DigestState.ACTIVE and self.cause in _UNFINISHED else said


NOTHING = Reason()
