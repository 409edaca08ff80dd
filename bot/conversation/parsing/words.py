"""Command words: which command a line begins with, in English or Korean, and which one may have been meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from difflib import get_close_matches

from bot.conversation.parsing.text import normalise

SHOW = "show"  # papers, whatever says which: a number, a day, words
_KOREAN = {
    "논문": SHOW,
    "목록": "papers",
    "논문 목록": "papers",
    "검색": "search",
    "구독": "subscribe",
    "구독 취소": "unsubscribe",
    "구독취소": "unsubscribe",
    "구독 해지": "unsubscribe",
    "구독해지": "unsubscribe",
    "설정": "settings",
    "도움말": "help",
    "현황": "status",
}
_LAST = ("논문 목록", "논문", "목록", "검색")  # may end a line instead: "3번 논문", "확산 검색"
_CLOSE = 0.75  # how much of two words is the same when one may be meant by the other
_GLUED = re.compile(r"([a-z]+|[가-힣]+)(\d.*)")


def parse_slash(line: str, names: Collection[str]) -> tuple[str, str]:
    """Give the name of a command that stands behind a slash, "" without one, and the rest."""
    word, _, rest = normalise(line).partition(" ")
    name = word.removeprefix("/").casefold()
    return (name, rest) if word.startswith("/") and name in names else ("", normalise(line))


def parse_command(line: str, names: Collection[str]) -> tuple[str, str]:
    """Give the command of a line that is meant for the bot, with or without a slash, "" without one, and the rest."""
    words = normalise(line).split()
    for count in (2, 1):
        spoken = " ".join(words[:count]).removeprefix("/").casefold()
        if name := spoken if spoken in names else _KOREAN.get(spoken, ""):
            return name, " ".join(words[count:])
    text = " ".join(words)
    last = next((word for word in _LAST if text.endswith(f" {word}") and not text.startswith("/")), "")
    return (_KOREAN[last], text.removesuffix(last).rstrip()) if last else ("", text)


def suggest(line: str, names: Collection[str]) -> tuple[str, str]:
    """Give the line that may have been meant, as it is typed and as a button sends it; "" twice for none."""
    word, _, rest = normalise(line).partition(" ")
    folded = word.removeprefix("/").casefold()
    if (glued := _GLUED.fullmatch(folded)) and (glued[1] in names or glued[1] in _KOREAN):
        folded, rest = glued[1], f"{glued[2]} {rest}".strip()
    show = "paper" if rest else "papers"
    known = {_letters(name): (f"/{name}", name) for name in names}
    korean = {word: show if name == SHOW else name for word, name in _KOREAN.items()}
    known |= {_letters(word): (word, name) for word, name in korean.items() if name in names}
    close = get_close_matches(_letters(folded), known, n=1, cutoff=_CLOSE)
    if not close:
        return "", ""
    typed, name = known[close[0]]
    return f"{typed} {rest}".rstrip(), f"/{name} {rest}".rstrip()


def _letters(text: str) -> str:
    """Take Korean syllables apart, so that 논믄 is close to 논문."""
    return unicodedata.normalize("NFD", text)
