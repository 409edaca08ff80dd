"""The one Markdown parser of the project: CommonMark and tables, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_inline import StateInline, autolink, backtick, entity, escape, html_inline, image, link, newline
from markdown_it.rules_inline import text as plain_text
from markdown_it.token import Token

from formatters.syntax import blocks as further
from formatters.syntax import delimiters, extensions
from formatters.syntax.delimiters import Rule

# The rules that may apply at each sign; markdown-it itself tries every rule at every sign.
_RULES: Mapping[str, Sequence[Rule]] = {
    "\n": (newline,),
    "\\": (extensions.brackets, extensions.accents, escape),
    "`": (backtick,),
    "*": (delimiters.stars,),
    "_": (delimiters.stars,),
    "~": (delimiters.tildes,),
    "[": (extensions.footnotes, link),
    "!": (image,),
    "<": (autolink, html_inline),
    "&": (entity,),
    "$": (extensions.dollars,),
    "{": (extensions.attributes,),
    "=": (extensions.marks,),
}
_TEXT = (plain_text,)
_BAR = "\ufdd0"  # in place of a bar in code, which ends no cell; no character is ever assigned to this place
_CODE_WITH_BARS = re.compile(r"(?<!`)(`+)(?!`)(?=[^`\n|]*\|)[^`\n]+\1(?!`)")


def _by_sign(state: StateInline, silent: bool) -> bool:
    return any(rule(state, silent) for rule in _RULES.get(state.src[state.pos], _TEXT))


def parser() -> MarkdownIt:
    """Make a parser; HTML is kept as it is written, because papers mention `<think>` and `<Parallel>`."""
    # A definition `[^1]: word` would be dropped: footnotes and reference links stay as they are written.
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["html_block", "reference"])
    interrupts: RuleOptionsType = {"alt": ["paragraph", "blockquote", "list"]}
    markdown.block.ruler.before("table", "formulas", further.formulas, interrupts)
    markdown.block.ruler.before("table", "comments", further.comments, interrupts)
    markdown.inline.ruler.push("by_sign", _by_sign)
    markdown.inline.ruler.enableOnly("by_sign")
    markdown.inline.terminator_re = re.compile(f"[{re.escape(''.join(_RULES))}\\]]")
    markdown.validateLink = _any_url  # type: ignore[method-assign]  # `links.safe` decides what is linked
    return markdown


def _any_url(url: str) -> bool:  # noqa: ARG001 (the parameter's name is the library's)
    return True


_INLINE = parser()
# Every rule is tried on each line, so the rules of rare blocks are left out for texts without their signs:
# a table's bars, the marks of fences, the blanks of indented code, the ends of underlines and of rules.
_NO_TEXT = ["inline", "text_join"]
_RARER = [*_NO_TEXT, "formulas", "comments"]
_LESS_USUAL = [*_RARER, "table", "fence", "code", "lheading", "hr"]
_ALL_BLOCKS = parser().disable(_NO_TEXT)
_BLOCKS = parser().disable(_RARER)
_USUAL_BLOCKS = parser().disable(_LESS_USUAL)
_PLAINEST_BLOCKS = parser().disable([*_LESS_USUAL, "heading", "blockquote"])
_RARE = ("|", "```", "~~~", "    ", "\t")
_RAREST = ("$$", "\\[", "<!--")
_RULED = re.compile(r"[-=*_]\s*$", re.MULTILINE)


def blocks(markdown: str) -> list[Token]:
    """Parse Markdown into blocks; `inline` reads the text in them."""
    chosen = _chosen(markdown)
    if "|" not in markdown or "`" not in markdown or _BAR in markdown:
        return chosen.parse(markdown)
    tokens = chosen.parse(_CODE_WITH_BARS.sub(lambda found: found[0].replace("|", _BAR), markdown))
    for token in tokens:
        token.content, token.info = token.content.replace(_BAR, "|"), token.info.replace(_BAR, "|")
    return tokens


def _chosen(markdown: str) -> MarkdownIt:
    if any(sign in markdown for sign in _RAREST):
        return _ALL_BLOCKS
    if any(sign in markdown for sign in _RARE) or _RULED.search(markdown):
        return _BLOCKS
    return _USUAL_BLOCKS if "#" in markdown or ">" in markdown else _PLAINEST_BLOCKS


def inline(markdown: str) -> Sequence[Token]:
    """Parse the text of one block into tokens."""
    return _INLINE.parseInline(markdown)[0].children or ()
