"""Walk Markdown once into spans."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from formatters.spans import BLOCKS, Span, Spans

_INLINE_STYLES = {"strong": "bold", "em": "italic"}
_INDENT = "  "
_RULE = "———"
_IMAGE = "🖼"  # an image without a description
# CommonMark sees no emphasis in `**90%**로`, because no blank stands between sign and letter; in Chinese,
# Japanese and Korean text it is meant.
_CJK = "[ㄱ-ㆎ가-힣ぁ-ヿ一-鿿]"
_BOLD = r"\*\*(?=\S)([^*]+)(?<=\S)\*\*"
_KOREAN_BOLD = re.compile(f"(?<={_CJK}){_BOLD}|{_BOLD}(?={_CJK})")


def parser() -> MarkdownIt:
    """Make the one Markdown parser of the project: CommonMark and tables, raw HTML kept as text.

    Papers mention `<think>` and `<Parallel>`, so only comments and `<br>` are read as HTML.
    """
    # A definition `[^1]: word` would be dropped: footnotes and reference links stay as they are written.
    markdown = MarkdownIt("commonmark").enable("table").disable(["html_block", "reference"])
    markdown.validateLink = _any_url  # type: ignore[method-assign]  # `links.safe` decides what is linked
    return markdown


def _any_url(url: str) -> bool:  # noqa: ARG001 (the parameter's name is the library's)
    return True


_PARSER = parser()
_BLOCKS = parser().disable("inline")
# Every rule is tried on each line, so the rules of rare blocks are left out for texts without their signs:
# a table's bars, the marks of fences, the blanks of indented code, the ends of underlines and of rules.
_USUAL_BLOCKS = parser().disable(["inline", "table", "fence", "code", "lheading", "hr"])
_RARE = ("|", "```", "~~~", "    ", "\t")
_RULED = re.compile(r"[-=*_]\s*$", re.MULTILINE)
# The signs of inline Markdown: a text without any is shown as it is.
_SIGN = re.compile(r"[\n\\`*_\[<&]")
# A title's usual shape: plain words, then a link of plain words to an address that needs no quoting.
_PLAIN_LINK = re.compile(r"([^\n\\`*_\[\]<&!]*)\[([^\n\\`*_\[\]<&!]+)\]\((https?://[a-z0-9.-]+/[\w./-]*)\)", re.ASCII)


def walk(markdown: str) -> Spans:
    """Turn Markdown into spans; every word of it is in them."""
    walker = _Walker()
    for token in blocks(markdown):
        walker.block(token)
    return tuple(walker.spans)


def blocks(markdown: str) -> list[Token]:
    """Parse Markdown into blocks; `inline` reads the text in them."""
    rare = any(sign in markdown for sign in _RARE) or _RULED.search(markdown)
    return (_BLOCKS if rare else _USUAL_BLOCKS).parse(markdown)


def inline(markdown: str) -> Spans:
    """Turn the Markdown of one text, a heading's or a paragraph's, into spans."""
    if found := _PLAIN_LINK.fullmatch(markdown):
        before, label, url = found.groups()
        return (*([Span(before)] if before else []), Span(label, url))
    walker = _Walker()
    walker.inline(markdown)
    return tuple(walker.spans)


@dataclass
class _Walker:
    spans: list[Span] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)  # the next number, None in a bulleted list
    cells: int = 0  # of the table row so far
    gap: int = 0  # line ends to add before the next text

    def block(self, token: Token) -> None:
        match token.type:
            case "paragraph_close" | "heading_close":
                self._break(1 if token.hidden or self.lists else 2)
            case "inline":
                self.inline(token.content)
            case "heading_open":
                self.styles.append("bold")
            case "blockquote_open":
                self.styles.append("quote")
            case "blockquote_close":
                self.styles.pop()
                self._break(2)
            case "fence" | "code_block":
                self._add(_code(token), "pre")
                self._break(2)
            case "hr":
                self._add(_RULE)
                self._break(2)
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
                self._break(1 if self.lists else 2)
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
                self._break(2)
            case "tr_open":
                self.cells = 0
            case "tr_close":
                self._break(1)
            case "th_open":
                self._cell()
                self.styles.append("bold")
            case "th_close":
                self.styles.pop()
            case "td_open":
                self._cell()

    def inline(self, markdown: str) -> None:
        if not _SIGN.search(markdown):
            self._add(markdown)
            return
        for token in _PARSER.parseInline(markdown)[0].children or ():
            self._inline(token)

    def _inline(self, token: Token) -> None:
        match token.type:
            case "text":
                self._text(token.content)
            case "code_inline":
                self._add(token.content, "code")
            case "softbreak":
                self._add(" ")
            case "hardbreak":
                self._break(1)
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
            self._break(1)
        elif not content.startswith("<!--"):
            self._add(content)

    def _item(self) -> None:
        self._break(1)
        number = self.lists[-1]
        mark = "• " if number is None else f"{number}. "
        self._add(_INDENT * (len(self.lists) - 1) + mark)
        if number is not None:
            self.lists[-1] = number + 1

    def _cell(self) -> None:
        if self.cells:
            self._add(" | ")
        self.cells += 1

    def _break(self, lines: int) -> None:
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
    """Give a code block's text, with what follows the opening fence unless that names a language.

    A line that begins with ~~~crossed-out words is such a fence.
    """
    info = token.info.strip()
    language = token.markup.startswith("`") and re.fullmatch(r"[\w+#.-]+", info, re.ASCII)
    return f"{'' if language else info}\n{token.content}".strip("\n")
