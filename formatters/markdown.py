"""Walk Markdown once into spans of text; measure, shorten and split spans.

A span is a run of text in one style. Dialects spell spans in their own markup, so that no
dialect ever cuts inside a tag: what is cut are spans, tags come after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

BLOCKS = frozenset({"quote", "pre"})  # styles of whole blocks; the others are of letters

_INLINE_STYLES = {"strong": "bold", "em": "italic"}
_INDENT = "  "
_RULE = "———"
_IMAGE = "🖼"  # an image without a description
# CommonMark sees no emphasis in `**90%**로`, for want of a blank between a sign and a letter; who writes
# Chinese, Japanese or Korean means it.
_CJK = "[ㄱ-ㆎ가-힣ぁ-ヿ一-鿿]"
_BOLD = r"\*\*(?=\S)([^*]+)(?<=\S)\*\*"
_KOREAN_BOLD = re.compile(f"(?<={_CJK}){_BOLD}|{_BOLD}(?={_CJK})")


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    url: str = ""
    styles: frozenset[str] = frozenset()  # of "bold", "italic", "code", "quote", "pre", "table"


Spans = tuple[Span, ...]
# What a span costs, and how much of it one message holds.
Limit = tuple[Callable[[Span], int], int]


def parser() -> MarkdownIt:
    """Make the one Markdown parser of the project: CommonMark and tables, raw HTML kept as text.

    Papers speak of `<think>` and `<Parallel>`; only comments and `<br>` mean what they mean in HTML.
    """
    # A definition `[^1]: word` would vanish: footnotes and reference links stay as they are written.
    markdown = MarkdownIt("commonmark").enable("table").disable(["html_block", "reference"])
    markdown.validateLink = _any_url  # type: ignore[method-assign]  # `links.safe` decides what is linked
    return markdown


def _any_url(url: str) -> bool:  # noqa: ARG001 (the parameter's name is the library's)
    return True


_PARSER = parser()


def walk(markdown: str) -> Spans:
    """Turn Markdown into spans; every word of it is in them."""
    walker = _Walker()
    for token in _PARSER.parse(markdown):
        walker.block(token)
    return tuple(walker.spans)


def inline(tokens: Iterable[Token]) -> Spans:
    """Turn the children of an inline token into spans."""
    walker = _Walker()
    for token in tokens:
        walker.inline(token)
    return tuple(walker.spans)


def plain(spans: Iterable[Span]) -> str:
    return "".join(span.text for span in spans)


def words(text: str) -> str:
    """Collapse all white space: equal for texts that differ in their layout only."""
    return " ".join(text.split())


@dataclass
class _Walker:
    spans: list[Span] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)  # the next number, None in a bulleted list
    cells: int = 0  # of the table row so far
    gap: int = 0  # line ends owed before the next text

    def block(self, token: Token) -> None:
        match token.type:
            case "paragraph_close" | "heading_close":
                self._owe(1 if token.hidden or self.lists else 2)
            case "inline":
                for child in token.children or ():
                    self.inline(child)
            case "heading_open":
                self.styles.append("bold")
            case "blockquote_open":
                self.styles.append("quote")
            case "blockquote_close":
                self.styles.pop()
                self._owe(2)
            case "fence" | "code_block":
                self._add(_code(token), "pre")
                self._owe(2)
            case "hr":
                self._add(_RULE)
                self._owe(2)
            case _:
                self._nested(token)
        if token.type == "heading_close":
            self.styles.pop()

    def _nested(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self.lists.append(None)
            case "ordered_list_open":
                self.lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
                self._owe(1 if self.lists else 2)
            case "list_item_open":
                self._item()
            case _:
                self._tabular(token)

    def _tabular(self, token: Token) -> None:
        match token.type:
            case "table_open":
                self.styles.append("table")
            case "table_close":
                self.styles.pop()
                self._owe(2)
            case "tr_open":
                self.cells = 0
            case "tr_close":
                self._owe(1)
            case "th_open":
                self._cell()
                self.styles.append("bold")
            case "th_close":
                self.styles.pop()
            case "td_open":
                self._cell()

    def inline(self, token: Token) -> None:
        match token.type:
            case "text":
                self._text(token.content)
            case "code_inline":
                self._add(token.content, "code")
            case "softbreak":
                self._add(" ")
            case "hardbreak":
                self._owe(1)
            case "link_open":
                self.urls.append(str(token.attrs["href"]))
            case "link_close":
                self.urls.pop()
            case "image":
                self._add(token.content or _IMAGE, url=str(token.attrs["src"]))
            case "html_inline":
                self._html(token.content)
            case _:
                self._styled(token)

    def _text(self, content: str) -> None:
        end = 0
        for found in _KOREAN_BOLD.finditer(content):
            self._add(content[end : found.start()])
            self._add(found[1] or found[2], "bold")
            end = found.end()
        self._add(content[end:])

    def _styled(self, token: Token) -> None:
        style = _INLINE_STYLES[token.tag]
        if token.nesting > 0:
            self.styles.append(style)
        else:
            self.styles.remove(style)

    def _html(self, content: str) -> None:
        if re.fullmatch(r"<br\s*/?>", content, re.IGNORECASE):
            self._owe(1)
        elif not content.startswith("<!--"):
            self._add(content)

    def _item(self) -> None:
        self._owe(1)
        number = self.lists[-1]
        mark = "• " if number is None else f"{number}. "
        self._add(_INDENT * (len(self.lists) - 1) + mark)
        if number is not None:
            self.lists[-1] = number + 1

    def _cell(self) -> None:
        if self.cells:
            self._add(" | ")
        self.cells += 1

    def _owe(self, lines: int) -> None:
        self.gap = max(self.gap, lines)

    def _add(self, text: str, style: str = "", url: str = "") -> None:
        if not text:
            return
        styles = frozenset(self.styles) | ({style} if style else frozenset())
        if self.spans and self.gap:
            self.spans.append(Span("\n" * self.gap, styles=self.spans[-1].styles & styles & BLOCKS))
        self.gap = 0
        self.spans.append(Span(text, self.urls[-1] if self.urls else url, styles))


def _code(token: Token) -> str:
    """Give a code block's text; what stands behind its fence too, unless it names a language.

    A line that begins with crossed-out words is a fence of tildes.
    """
    info = token.info.strip()
    language = token.markup.startswith("`") and re.fullmatch(r"[\w+#.-]+", info, re.ASCII)
    return f"{'' if language else info}\n{token.content}".strip("\n")


def split(spans: Iterable[Span], limits: Sequence[Limit]) -> list[Spans]:
    """Cut spans into parts that each keep every limit, at line ends, else sentence ends, else blanks.

    Nothing but white space at a cut is dropped.
    """
    parts: list[list[Span]] = [[]]
    filled = [0] * len(limits)
    for atom in _atoms(spans, limits, _CUTS):
        costs = _costs(atom, limits)
        longer = [have + cost for have, cost in zip(filled, _more(parts[-1], atom, costs, limits), strict=True)]
        if any(cost > most for cost, (_, most) in zip(longer, limits, strict=True)):
            parts.append([])
            longer = costs
        parts[-1].extend(atom)
        filled = longer
    return [part for part in map(tidy, parts) if part]


def tidy(spans: Iterable[Span]) -> Spans:
    """Join neighbours of one style; drop white space at both ends, which no platform shows."""
    joined: list[Span] = []
    for span in spans:
        if not joined and not span.text.strip():
            continue
        if joined and (joined[-1].url, joined[-1].styles) == (span.url, span.styles):
            span = replace(span, text=joined.pop().text + span.text)
        joined.append(span if joined else replace(span, text=span.text.lstrip()))
    while joined and not joined[-1].text.strip():
        joined.pop()
    return (*joined[:-1], replace(joined[-1], text=joined[-1].text.rstrip())) if joined else ()


def shorten(text: str, limit: int) -> str:
    """Cut text to `limit` characters, at a blank where there is one, and mark the cut with "…"."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    blank = max(head.rfind(" "), head.rfind("\n"))
    return (head[:blank] if blank > limit // 2 else head).rstrip() + "…"


# Behind each of these a text may be cut; coarse first. A sentence of Korean or English ends in one
# of a few marks and a blank; Chinese and Japanese write no blank.
_CUTS = (
    re.compile(r"\n+"),
    re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]"),
    re.compile(r"\s+|[,;、，]"),
    re.compile(r"(?s).{1,64}"),
    re.compile(r"(?s)."),
)


def _atoms(spans: Iterable[Span], limits: Sequence[Limit], cuts: Sequence[re.Pattern[str]]) -> Iterator[list[Span]]:
    """Yield the smallest pieces that need be kept whole, finer ones only where a coarse one is too large."""
    for piece in _pieces(spans, cuts[0]):
        if len(cuts) == 1 or _fits(piece, limits):
            yield piece
        else:
            yield from _atoms(piece, limits, cuts[1:])


def _pieces(spans: Iterable[Span], cut: re.Pattern[str]) -> Iterator[list[Span]]:
    piece: list[Span] = []
    for span in spans:
        start = 0
        for found in cut.finditer(span.text):
            piece.append(replace(span, text=span.text[start : found.end()]))
            yield piece
            piece, start = [], found.end()
        if start < len(span.text):
            piece.append(replace(span, text=span.text[start:]))
    if piece:
        yield piece


def _costs(spans: Sequence[Span], limits: Sequence[Limit]) -> list[int]:
    return [sum(map(cost, spans)) for cost, _ in limits]


def _more(part: Sequence[Span], atom: Sequence[Span], costs: Sequence[int], limits: Sequence[Limit]) -> Sequence[int]:
    """Give what a part grows by: a span that `tidy` joins to the last one costs no second tag."""
    if not part or (part[-1].url, part[-1].styles) != (atom[0].url, atom[0].styles):
        return costs
    tags = _costs([replace(atom[0], text="")], limits)
    return [cost - tag for cost, tag in zip(costs, tags, strict=True)]


def _fits(spans: Sequence[Span], limits: Sequence[Limit]) -> bool:
    return all(sum(map(cost, spans)) <= most for cost, most in limits)
