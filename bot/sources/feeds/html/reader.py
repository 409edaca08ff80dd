"""Read HTML in one pass, whatever its tags are.

markdownify and html2text were weighed: both put backslashes into formulas, the first descends by recursion, and the
second is under the GPL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.sources.feeds.html import blocks, formulas, markdown
from bot.sources.feeds.html.blocks import CELLS, LINES, LISTS, Frame
from bot.sources.feeds.html.formulas import Formula
from bot.sources.feeds.html.markdown import Block
from bot.sources.feeds.html.tokens import Tag, tokens
from bot.sources.web.literal import at_line_start, in_line, left_by_author
from formatters.addresses import whole
from formatters.links import safe
from formatters.syntax.tags import ends_line

_DEEPEST = 12  # what is nested deeper is read as text
_LEFT_OUT = {"audio", "button", "canvas", "head", "iframe", "noscript", "object", "script", "select", "style", "svg",
             "template", "textarea", "video"}  # fmt: skip
_LEFT_OUT_CLASSES = {"gutter", "headerlink", "heading-anchor", "lineno", "linenos"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
_MARKS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("b", "strong"), markdown.emphasised("**")),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), markdown.emphasised("*")),
    **dict.fromkeys(("s", "del", "strike"), markdown.emphasised("~~")),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), markdown.code),
    **{name: markdown.tagged(name) for name in ("sub", "sup")},
}
# What a block closes by itself when it begins, and where the search for that ends.
_CLOSES = {"li": ({"li"}, LISTS), "tr": ({"tr"}, {"table"}), **dict.fromkeys(CELLS, (CELLS, {"tr", "table"}))}
# Where blocks may begin that are parts of others.
_INSIDE = {"summary": {"details"}, "tr": {"table", "tr", *CELLS}, **{name: {"tr", *CELLS} for name in CELLS}}
_NO_TEXT = {"table", "tr", *LISTS}  # white space in them is none of the page's
_Written = Callable[[str], str]
_BLANK = re.compile(r"[ \t\r\n\f]+")


def to_markdown(html: str, base: str = "") -> str:
    """Write HTML as Markdown that shows its text as it is; addresses are completed with `base`."""
    return _read(html, _Reader(base, lambda text: in_line(_BLANK.sub(" ", text)), at_line_start))


def authors_markdown(html: str, base: str = "") -> str:
    """Write the page of a post as the Markdown that its author wrote, also where the page shows some of it unread."""
    return _read(html, _Reader(base, left_by_author, str))


def _read(html: str, reader: _Reader) -> str:
    for token in tokens(html.replace(markdown.BREAK, "")):
        reader.read(token)
    return reader.finish()


@dataclass
class _Mark:
    """A tag within a line that is open."""

    name: str
    url: str = ""
    parts: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, base: str, written: _Written, started: _Written) -> None:
        self._base = base
        self._written, self._started = written, started  # how a text is written, and how one at the start of a block
        self._frames = [Frame("")]
        self._marks = [_Mark("")]
        self._left_out: list[str] = []  # the tag whose content is left out, once for each that is open
        self._formula: Formula | None = None

    def finish(self) -> str:
        while len(self._frames) > 1:
            self._close()
        self._flush()
        return markdown.joined(self._frames[0].blocks)

    def read(self, token: Tag | str) -> None:
        if self._left_out:
            self._leave_out(token)
        elif self._formula:
            self._read_formula(self._formula, token)
        elif isinstance(token, str):
            self._text(token)
        elif token.closes:
            self._end(token.name)
        elif formulas.begins(token):
            self._formula = Formula(token)
        elif _is_left_out(token):
            self._left_out = [token.name] if token.name not in _VOID else []
        else:
            self._start(token.name, token.about)

    def _leave_out(self, token: Tag | str) -> None:
        if isinstance(token, Tag) and token.name == self._left_out[0]:
            self._left_out = self._left_out[1:] if token.closes else [*self._left_out, token.name]

    def _read_formula(self, formula: Formula, token: Tag | str) -> None:
        if formula.is_ended(token):
            self._put(formula.markdown())
            self._formula = None
        else:
            formula.read(token)

    # Tags

    def _end(self, tag: str) -> None:
        if tag in blocks.NAMES:
            self._close_to({tag}, set())
        elif any(mark.name == tag for mark in self._marks):
            self._end_marks(tag)
        elif tag not in _VOID and ends_line(tag):
            self._flush()

    def _start(self, tag: str, about: Mapping[str, str]) -> None:
        if tag in blocks.NAMES and self._may_open(tag):
            self._open(tag, about)
        elif tag == "a" or tag in _MARKS:
            self._mark(tag, about)
        elif tag in _ALONE:
            _ALONE[tag](self, about)
        elif ends_line(tag):
            self._flush()
            self._frames[-1].is_loose |= tag == "p" and self._frames[-1].name == "li"

    def _may_open(self, tag: str) -> bool:
        """Tell whether a block begins; within lines, and where it is nested too deep, its text goes on."""
        names = [frame.name for frame in self._frames]
        if tag in _INSIDE:
            return names[-1] in _INSIDE[tag]
        return names[-1] != "pre" and LINES.isdisjoint(names) and len(names) < _DEEPEST

    def _open(self, tag: str, about: Mapping[str, str]) -> None:
        self._flush()
        if tag in _CLOSES:
            self._close_to(*_CLOSES[tag])
        self._frames.append(blocks.opened(tag, about))

    def _mark(self, tag: str, about: Mapping[str, str]) -> None:
        frame, known = self._frames[-1], {mark.name for mark in self._marks}
        if frame.name == "pre":
            frame.language = frame.language or blocks.language(about)
        elif tag not in known and len(self._marks) < _DEEPEST and not self._in_code:
            self._marks.append(_Mark(tag, self._url(about.get("href", ""))))

    def _line_end(self, _: Mapping[str, str]) -> None:
        self._put("\n" if self._frames[-1].name == "pre" else markdown.BREAK)

    def _rule(self, _: Mapping[str, str]) -> None:
        self._flush()
        if self._frames[-1].name not in LINES:
            self._frames[-1].blocks.append(Block("---"))

    def _image(self, about: Mapping[str, str]) -> None:
        text, url = self._written(_BLANK.sub(" ", about.get("alt", ""))), self._url(about.get("src", ""))
        is_sign = "emoji" in about.get("class", "") or not url
        self._put(text if is_sign else markdown.image(text, url))

    def _box(self, about: Mapping[str, str]) -> None:
        if about.get("type") == "checkbox":
            self._put("[x] " if "checked" in about else "[ ] ")

    def _url(self, url: str) -> str:
        """Complete an address; one that leads nowhere else is none."""
        try:
            return safe(whole(url, self._base)) if url and not url.startswith("#") else ""
        except ValueError:
            return ""

    # Texts

    def _text(self, text: str) -> None:
        raw = self._in_code or self._frames[-1].name == "pre"
        self._put(text if raw else self._written(text))

    @property
    def _in_code(self) -> bool:
        return _MARKS.get(self._marks[-1].name) is markdown.code

    def _put(self, text: str) -> None:
        self._marks[-1].parts.append(text)

    def _end_marks(self, name: str) -> None:
        """End the tag within a line that has this name, and those in it; "" is the line itself."""
        while self._marks[-1].name and (name in {mark.name for mark in self._marks}):
            mark = self._marks.pop()
            text = "".join(mark.parts)
            self._put(_MARKS[mark.name](text) if mark.name != "a" else markdown.link(text, mark.url))

    def _flush(self) -> None:
        """End a paragraph; tags that are open within it go on in the next one."""
        opened = [_Mark(mark.name, mark.url) for mark in self._marks[1:]]
        self._end_marks("")
        text, frame = "".join(self._marks[0].parts), self._frames[-1]
        self._marks = [_Mark(""), *opened]
        if frame.name == "pre":
            frame.blocks.append(Block(text))
        elif frame.name not in _NO_TEXT or text.strip():
            start = str if frame.name in LINES else self._started
            frame.blocks += [Block(start(one)) for one in markdown.paragraphs(text)]

    # Blocks

    def _close_to(self, names: set[str], until: set[str]) -> None:
        """Close the nearest block of these names, and those in it, unless one of `until` is nearer."""
        listed = [frame.name for frame in self._frames]
        place = next((n for n in reversed(range(len(listed))) if listed[n] in names | until), 0)
        if listed[place] not in names:
            self._flush()
            return
        while len(self._frames) > place:
            self._close()

    def _close(self) -> None:
        self._flush()
        self._frames.pop().close(self._frames[-1])


def _is_left_out(tag: Tag) -> bool:
    is_hidden = tag.about.get("aria-hidden") == "true" or "hidden" in tag.about
    return tag.name in _LEFT_OUT or is_hidden or not _LEFT_OUT_CLASSES.isdisjoint(tag.about.get("class", "").split())


_ALONE: Mapping[str, Callable[[_Reader, Mapping[str, str]], None]] = {
    "br": _Reader._line_end,
    "hr": _Reader._rule,
    "img": _Reader._image,
    "input": _Reader._box,
}
