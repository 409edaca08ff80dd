"""Write spans as the text of sections: as `mrkdwn`, which knows links and styles, or as `plain_text`.

No character of `mrkdwn` but & < > can be escaped, and between which neighbours a sign styles a text is not documented
(docs.slack.dev, formatting message text). So a text of which any sign might be taken for markup is `plain_text`, by a
rule wider than what Slack's clients are known to do; and a style is written only where they surely know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import accumulate, groupby
from typing import Any

from formatters import links
from formatters.slack import limits
from formatters.slack.texts import escape, plain_text, unescape
from formatters.spans import Limit, Span, Spans, block_style, plain, split, tidy

# Wide letters are read as the narrow ones. A sign between two letters of ASCII is none.
_PAIRS = [rf"(?<![A-Za-z0-9])[{signs}](?=\S)[^\n]*(?<=\S)[{signs}](?![A-Za-z0-9])" for signs in ("*＊", "_＿", "~～")]
_TICKS = "[`｀][^`｀]*[`｀]"
_QUOTE = r"(?:^|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029])\s*[>＞]"
_PICTURE = r":[\w'+-]+:"
_MARKUP = re.compile("|".join((*_PAIRS, _TICKS, _QUOTE, _PICTURE)))
_FENCE = "```"
_SIGNS = {"code": "`", "bold": "*", "italic": "_", "strike": "~"}
_WIDE = {"`": "｀", "*": "＊", "_": "＿", "~": "～"}
_BEFORE, _AFTER = {"", *"\t\n ([“‘\"'"}, {"", *"\t\n )]”’\"'.,;:!?"}  # of what is styled
_LINE = "\n"

_LINK = re.compile(r"<([^|>]*)\|([^>]*)>")
_STYLED = re.compile(r"(?<![^\t\n (\[“‘\"'*_~])([`*_~])(?=\S)([^\n]*?\S)\1(?![^\t\n )\]”’\"'.,;:!?*_~])")
_QUOTED = re.compile("^> ", re.MULTILINE)


def _characters(span: Span) -> int:
    """Count what a span takes at most, but for what is escaped in its address: then it is written as plain text."""
    quoted = 2 * (1 + span.text.count("\n")) if "quote" in span.styles else 0
    return len(escape(span.text)) + len(span.url) + quoted + (8 if span.styles or span.url else 0)


_LIMITS: tuple[Limit, ...] = ((_characters, limits.SECTION - 100),)


def sections(texts: Iterable[Spans]) -> list[dict[str, object]]:
    """Write texts below each other, in few sections."""
    written: list[dict[str, Any]] = []
    for part in (part for spans in texts for part in split(spans, _LIMITS)):
        one = text(part)
        last = written[-1] if written else {"type": "", "text": ""}
        joined = f"{last['text']}\n\n{one['text']}"
        if last["type"] == one["type"] and len(joined) <= limits.SECTION:
            written[-1] = {**last, "text": joined}
        else:
            written.append(one)
    return [{"type": "section", "text": one, "expand": True} for one in written]


def text(spans: Iterable[Span]) -> dict[str, Any]:
    """Write spans as a text object."""
    shown = tidy(spans)
    written = "" if _may_be_markup(shown) else _written(shown)
    if 0 < len(written) <= limits.SECTION:
        return {"type": "mrkdwn", "text": written, "verbatim": True}
    return plain_text("".join(map(_with_address, shown)))


def read(given: Mapping[str, str]) -> str:
    """Read a text object as plain text, the address of a link after its words."""
    if given["type"] == "plain_text":
        return given["text"]
    parts = given["text"].split(_FENCE)
    shown = [part.strip("\n") if number % 2 else _without_styles(part) for number, part in enumerate(parts)]
    return unescape("".join(shown))


def _without_styles(written: str) -> str:
    bare = _LINK.sub(lambda link: f"{link[2]} ({link[1]})", _QUOTED.sub("", written))
    while bare != (bare := _STYLED.sub(r"\2", bare)):
        pass
    return bare


def _may_be_markup(spans: Spans) -> bool:
    words = "".join("\n" if "pre" in span.styles else span.text for span in spans)
    fenced = any(_FENCE in span.text for span in spans if "pre" in span.styles)
    return fenced or bool(_MARKUP.search(words)) or any("|" in span.text for span in spans if span.url)


def _written(spans: Spans) -> str:
    runs = [(style, tuple(run)) for style, run in groupby(spans, block_style)]
    shown = ((style, tidy(run) if len(runs) > 1 else run) for style, run in runs)
    return "\n".join(_block(style, run) for style, run in shown if run)


def _block(style: str, run: Spans) -> str:
    if style == "pre":
        return f"{_FENCE}\n{escape(plain(run))}\n{_FENCE}"
    words = plain(run)
    starts = accumulate((len(span.text) for span in run), initial=0)
    written = "".join(_inline(span, words, start) for span, start in zip(run, starts, strict=False))
    return "\n".join(f"> {line}" for line in written.split("\n")) if style == "quote" else written


def _inline(span: Span, words: str, start: int) -> str:
    """Write a span that begins there in the words around it."""
    inner = span.text.strip()
    if not inner:
        return span.text
    lead, _, trail = span.text.partition(inner)
    begin = start + len(lead)
    end = begin + len(inner)
    line = words[words.rfind("\n", 0, begin) + 1 : _end_of_line(words, end)]
    is_apart = words[begin - 1 : begin] in _BEFORE and words[end : end + 1] in _AFTER and "\n" not in inner
    marks = _marks(span, line) if is_apart else ""
    url = links.safe(span.url) if span.url else ""
    shown = f"<{escape(url)}|{escape(inner).replace(_LINE, ' ')}>" if url else escape(inner)
    return f"{lead}{marks}{shown}{marks[::-1]}{trail}"


def _end_of_line(words: str, start: int) -> int:
    found = words.find(_LINE, start)
    return found if found >= 0 else len(words)


def _marks(span: Span, line: str) -> str:
    """Give the signs of a span's styles that are no letters of its line."""
    signs = [sign for style, sign in _SIGNS.items() if style in span.styles and not {sign, _WIDE[sign]} & {*line}]
    if "`" in signs:  # in code nothing else is markup
        return "" if span.url else "`"
    return "".join(signs)


def _with_address(span: Span) -> str:
    url = links.safe(span.url) if span.url else ""
    return f"{span.text} ({url})" if url and url != span.text else span.text
