"""Walk Markdown once into spans."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from markdown_it.token import Token

from formatters import tables
from formatters.spans import Span, Spans
from formatters.syntax import maths, parsing
from formatters.syntax.paragraphs import Paragraph, paragraphs
from formatters.tagged import IMAGE, Tagged
from formatters.writing import Writer

_INLINE_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
_RULE = "———"
# The signs of inline Markdown: a text without any is shown as it is.
_SIGN = re.compile(r"[\n\\`*_\[<&${]")
_RARE_SIGNS = ("~~", "==", ":::")
# A title's usual shape: plain words, then a link of plain words to an address that needs no quoting.
_PLAIN_LINK = re.compile(
    r"([^\n\\`*_\[\]<&!${~=:]*)\[([^\n\\`*_\[\]<&!${~=]+)\]\((https?://[a-z0-9.-]+/[\w./-]*)\)", re.ASCII
)
# What site generators make of whole lines: fences of colons, a table of contents, alerts; and addresses they fill in.
_FENCES = re.compile(r"^[ \t]*:{3,}[ \t]*(?:\{[^{}\n]*\}|[\w-]+)?[ \t]*", re.MULTILINE)
# Of kramdown's table of contents the line above is no text where it is an item: the table takes its place.
_CONTENTS = re.compile(r"(?:[^\n]*\n)?[ \t]*\{:\s*toc[^{}\n]*\}\s*|\[\[?_?TOC_?\]\]?")
_ALERT = re.compile(r"\[!\w+\][+-]?[ \t]*\n?")
_FILLED_IN = re.compile(r"(?<=\]\()\s*(?:\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\})")
_TASK = re.compile(r"\[([ xX])\]\s+")
_BOXES = {" ": "☐ ", "x": "☑ "}


def walk(markdown: str) -> Spans:
    """Turn Markdown into spans; every word of it is in them."""
    walker = _Walker()
    text = _composed(markdown)
    if (alone := paragraphs(text)) is not None:
        walker.paragraphs(alone)
    else:
        for token in parsing.blocks(text):
            walker.block(token)
    return tuple(walker.out.spans)


def inline(markdown: str) -> Spans:
    """Turn the Markdown of one text, a heading's or a paragraph's, into spans."""
    if found := _PLAIN_LINK.fullmatch(markdown):
        before, label, url = found.groups()
        return (*([Span(before)] if (before := before.lstrip(" ")) else []), Span(label, url))
    walker = _Walker()
    walker.inline(_composed(markdown))
    return tuple(walker.out.spans)


def _composed(text: str) -> str:
    """Compose letters and their marks, which some systems store apart: names are known in this form."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@dataclass
class _Walker:
    out: Writer = field(default_factory=Writer)
    outside: Writer = field(default_factory=Writer)  # of the table whose cell is written
    rows: list[list[Spans]] = field(default_factory=list)  # of the table so far

    def block(self, token: Token) -> None:
        if does := _BLOCKS.get(token.type):
            does(self, token)

    def paragraphs(self, alone: Iterable[Paragraph]) -> None:
        """Write paragraphs and the items of lists as their tokens would have it."""
        for is_item, run in groupby(alone, lambda one: one.is_item):
            self.out.lists = [None] if is_item else []
            for one in run:
                if is_item:
                    self.out.item()
                self.words(one.text)
                self.out.end_line(1 if is_item else 2)
            self.out.end_line(2)
        self.out.lists = []

    def paragraph(self, token: Token) -> None:
        self.out.end_line(1 if token.hidden or self.out.lists else 2)

    def heading(self, token: Token) -> None:
        if token.nesting > 0:
            self.out.styles.append("bold")
        else:
            self.out.styles.pop()
            self.out.end_line(1 if self.out.lists else 2)

    def quote(self, token: Token) -> None:
        if token.nesting > 0:
            self.out.styles.append("quote")
        else:
            self.out.styles.pop()
            self.out.end_line(2)

    def list(self, token: Token) -> None:
        if token.nesting > 0:
            self.out.lists.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
        else:
            self.out.lists.pop()
            self.out.end_line(1 if self.out.lists else 2)

    def item(self, token: Token) -> None:  # noqa: ARG002 (as all of `_BLOCKS`)
        self.out.item()

    def code(self, token: Token) -> None:
        self._apart(_code(token), "pre")

    def rule(self, token: Token) -> None:  # noqa: ARG002
        self._apart(_RULE)

    def formula(self, token: Token) -> None:
        self._apart(maths.readable(token.content))

    def row(self, token: Token) -> None:  # noqa: ARG002
        self.rows.append([])

    def cell(self, token: Token) -> None:
        if token.nesting > 0:
            self.outside = self.out
            bold = ["bold"] if token.tag == "th" else []
            self.out = Writer(styles=[*self.out.styles, "table", *bold])
        else:
            self.rows[-1].append(tuple(self.out.spans))
            self.out = self.outside

    def table(self, token: Token) -> None:  # noqa: ARG002
        for line in tables.lines(self.rows):
            self.out.end_line(1 if line else 2)
            for span in line:
                self.out.put(span)
        self.rows = []
        self.out.end_line(2)

    def _apart(self, text: str, style: str = "") -> None:
        self.out.add(text, style)
        self.out.end_line(2)

    def text(self, token: Token) -> None:
        self.words(token.content)

    def words(self, markdown: str) -> None:
        """Read the text of a block, without what site generators read at its beginning."""
        self.inline(self._without_orders(markdown) if "[" in markdown or "{:" in markdown else markdown)

    def _without_orders(self, markdown: str) -> str:
        if _CONTENTS.fullmatch(markdown) and (self.out.is_at_item or "\n" not in markdown):
            if self.out.is_at_item:
                self.out.take_back_item()
            return ""
        if self.out.is_at_item and (found := _TASK.match(markdown)):
            self.out.add(_BOXES[found[1].lower()])
        else:
            found = _ALERT.match(markdown) if "quote" in self.out.styles else None
        return markdown[found.end() :] if found else markdown

    def inline(self, markdown: str) -> None:
        if not _SIGN.search(markdown) and not any(sign in markdown for sign in _RARE_SIGNS):
            self.out.text(markdown)
            return
        tagged = Tagged(markdown)
        for token in parsing.inline(_generated(markdown)):
            self._inline(token, tagged)
        tagged.end(self.out)

    def _inline(self, token: Token, tagged: Tagged) -> None:
        match token.type:
            case "text":
                self.out.text(token.content)
            case "code_inline":
                self.out.add(token.content, "code")
            case "softbreak":
                self.out.space()
            case "hardbreak":
                self.out.end_line()
            case "link_open":
                self.out.urls.append(str(token.attrs["href"]))
            case "link_close":
                self.out.urls.pop()
            case "html_inline":
                tagged.read(token.content, self.out)
            case _:
                self._styled(token, tagged)

    def _styled(self, token: Token, tagged: Tagged) -> None:
        match token.type:
            case "math":
                self.out.add(maths.readable(token.content))
            case "image":
                self._image(token, tagged)
            case _ if token.nesting > 0:
                self.out.styles.append(_INLINE_STYLES[token.tag])
            case _:
                self.out.styles.remove(_INLINE_STYLES[token.tag])

    def _image(self, token: Token, tagged: Tagged) -> None:
        """Write what an image shows; a link around it goes first."""
        self.out.urls.append(self.out.urls[-1] if self.out.urls else str(token.attrs["src"]))
        for child in token.children or ():
            self._inline(child, tagged)
        self.out.add("" if token.children else IMAGE)
        self.out.urls.pop()


_BLOCKS: Mapping[str, Callable[[_Walker, Token], None]] = {
    "paragraph_close": _Walker.paragraph,
    "inline": _Walker.text,
    **dict.fromkeys(("heading_open", "heading_close"), _Walker.heading),
    **dict.fromkeys(("blockquote_open", "blockquote_close"), _Walker.quote),
    **dict.fromkeys(("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"), _Walker.list),
    "list_item_open": _Walker.item,
    **dict.fromkeys(("fence", "code_block"), _Walker.code),
    "hr": _Walker.rule,
    "math_block": _Walker.formula,
    "table_close": _Walker.table,
    "tr_open": _Walker.row,
    **dict.fromkeys(("th_open", "th_close", "td_open", "td_close"), _Walker.cell),
}


def _generated(markdown: str) -> str:
    """Leave out what site generators read in whole lines and in addresses."""
    if ":::" in markdown:
        markdown = _FENCES.sub("", markdown)
    return _FILLED_IN.sub("", markdown) if "]({" in markdown and "`" not in markdown else markdown


def _code(token: Token) -> str:
    """Give a code block's text, with what follows the opening fence unless that names a language.

    A line that begins with ~~~crossed-out words is such a fence.
    """
    info = token.info.strip()
    language = token.markup.startswith("`") and re.fullmatch(r"[\w+#.-]+", info, re.ASCII)
    return f"{'' if language else info}\n{token.content}".strip("\n")
