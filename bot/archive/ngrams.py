"""Text as the full-text index of SQLite (FTS5 with unicode61) shall hold it, and what to ask that index.

Korean is written in long words: who looks for 확산 means 잠재확산모델을 as well. So a run of Hangul, Han or
Kana becomes its overlapping pairs and its last letter: 확산모델 is held as "확산 산모 모델 델". A longer run is
then found as a phrase of its pairs, and one letter as the beginning of a pair. Everything else stays words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MOST_TERMS = 16
LONGEST_QUERY = 400  # letters; a phrase of thousands finds nothing that its beginning does not

# Jamo, syllables, Han with its iteration marks, and Kana, without the punctuation that stands among them.
_CJK = (
    "\u1100-\u115e\u1161-\u11ff\ua960-\ua97f\uac00-\ud7ff"
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\U0001b000-\U0001b16f"
)
_FILLERS = "\u115f\u1160"  # letters to Unicode, blanks to the eye
_VOICED = "\u3099\u309a"  # marks that make another letter of a Kana
_PIECE = re.compile(rf"([{_CJK}]+)|[^\W_{_FILLERS}{_CJK}]+")
_TERM = re.compile(rf"[{_CJK}]+|[^\s{_CJK}]+")


def to_index_text(text: str) -> str:
    """Write a text as the words that the index shall hold of it."""
    return " ".join(_words(_folded(text)))


def to_match_query(words: str) -> str:
    """Write the MATCH expression for what a reader typed, every word of it; "", which SQLite refuses, for none."""
    terms = dict.fromkeys(filter(None, map(_phrase, _TERM.findall(_folded(words)[:LONGEST_QUERY]))))
    return " AND ".join(f'"{term}"*' for term in list(terms)[:MOST_TERMS])


def _folded(text: str) -> str:
    """Take off what makes no difference: width, case, accents, and characters that are not seen.

    unicode61 does some of this by itself, with the Unicode of 2012; it finds nothing left to do.
    """
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (letter for letter in letters if letter in _VOICED or unicodedata.category(letter) not in {"Mn", "Cf"})
    return unicodedata.normalize("NFC", "".join(kept))


def _words(folded: str) -> Iterator[str]:
    for piece in _PIECE.finditer(folded):
        yield from _pairs(piece[0]) if piece[1] else [piece[0]]


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run))]


def _phrase(term: str) -> str:
    """Give the words of a term as they follow each other in the index, the last one perhaps only begun.

    The last letter by itself would ask for a run that ends there.
    """
    words = list(_words(term))
    return " ".join(words[:-1] if len(words) > 1 and re.match(rf"[{_CJK}]", term) else words)
