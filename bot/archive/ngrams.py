"""Text as the full-text index shall hold it, in FTS5 (with unicode61) as in PostgreSQL, and what to ask that index.

Korean is written in long words: who looks for 확산 means 잠재확산모델을 as well. So a run of Hangul, Han or
Kana becomes its overlapping pairs and its last letter: 확산모델 is held as "확산 산모 모델 델". A longer run is
then found as a phrase of its pairs, and one letter as the beginning of a pair. Everything else stays words.

What is too much for PostgreSQL is left out of both, so that both find the same: it knows 16,383 places of a text, 255
of a word, words of 2,046 bytes, and one megabyte of all (postgresql.org/docs/current/textsearch-limitations.html).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bot.database.dialect import NOT_FOUND, Phrase

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


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a text is held."""

    letters: int
    words: int
    places: int  # of one word


TITLE = Share(10_000, 1_000, 50)
BODY = Share(150_000, 15_000, 200)  # with the title before it, it is still little enough


def to_index_words(text: str, share: Share = BODY) -> list[str]:
    """Give the words that the index shall hold of a text, in their order; NOT_FOUND where a word was too often."""
    seen: Counter[str] = Counter()
    words = []
    for whole in islice(_words(_folded(text)[: share.letters]), share.words):
        word = whole[:LONGEST_QUERY]  # no query reaches beyond
        seen[word] += 1
        words.append(word if seen[word] <= share.places else NOT_FOUND)
    return words


def to_phrases(words: str) -> list[Phrase]:
    """Give what the index is to be asked for what a reader typed, every word of it; nothing for none."""
    terms = dict.fromkeys(filter(None, map(_phrase, _TERM.findall(_folded(words)[:LONGEST_QUERY]))))
    return list(terms)[:MOST_TERMS]


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


def _phrase(term: str) -> Phrase:
    """Give the words of a term as they follow each other in the index, the last one perhaps only begun.

    The last letter by itself would ask for a run that ends there.
    """
    words = list(_words(term))
    return tuple(words[:-1] if len(words) > 1 and re.match(rf"[{_CJK}]", term) else words)
