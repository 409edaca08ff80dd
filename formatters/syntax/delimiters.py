"""Stars, underlines and tildes that may set emphasis, beside letters of any script.

CommonMark sees no emphasis in `**결과:**GPT-4`, because a mark stands before the stars and no blank behind them. In
Chinese, Japanese and Korean, which set no blanks there, it is meant; mdit-py-cjk-friendly knows only Chinese and
Japanese of these, and no letter of another script behind the stars.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from markdown_it.rules_inline import StateInline, emphasis, strikethrough

_CJK = "ㄱ-ㆎ가-힣ぁ-ヿ々〆一-鿿㐀-䶿豈-﫿"
# Marks beside the delimiters may stand between them and the letter.
_BEFORE = re.compile(rf"[{_CJK}][^\w\s]{{0,8}}\Z")
_BEHIND = re.compile(rf"[^\w\s]{{0,8}}[{_CJK}]")
_LETTER = re.compile(r"[A-Za-z0-9]")
_REACH = 9

Rule = Callable[[StateInline, bool], bool]


def stars(state: StateInline, silent: bool) -> bool:
    """Read stars and underlines; a single star between ASCII letters or digits is a star."""
    if silent:
        return False
    if state.src[state.pos] == "*" and _is_between(state.src, state.pos):
        state.pending += "*"
        state.pos += 1
        return True
    return _marked(state, emphasis.tokenize)


def tildes(state: StateInline, silent: bool) -> bool:
    """Read two tildes, which strike words through; one alone is a tilde."""
    if silent or not state.src.startswith("~~", state.pos):
        return False
    return _marked(state, strikethrough.tokenize)


def _is_between(text: str, at: int) -> bool:
    return bool(at and _LETTER.match(text, at - 1) and _LETTER.match(text, at + 1))


def _marked(state: StateInline, tokenize: Rule) -> bool:
    start, known = state.pos, len(state.delimiters)
    tokenize(state, False)
    if not state.src.isascii():
        _widen(state, start, known)
    return True


def _widen(state: StateInline, start: int, known: int) -> None:
    """Let new delimiters open and close beside Chinese, Japanese and Korean as beside a blank."""
    text, end = state.src, state.pos
    before = bool(_BEFORE.search(text[max(0, start - _REACH) : start]))
    behind = bool(_BEHIND.match(text, end))
    if text[start] == "_":
        # `__init__은` names something: of underlines only those count that stand around such letters.
        opens, closes = behind and end - start > 1, before and end - start > 1
    else:
        opens = closes = before or behind
    for one in state.delimiters[known:]:
        one.open = one.open or (opens and text[end : end + 1].strip() != "")
        one.close = one.close or (closes and text[start - 1 : start].strip() != "")
