"""Formulas in MathML, as KaTeX and LaTeXML write them, and in scripts for MathJax."""

from __future__ import annotations

from bot.sources.feeds.html import markdown
from bot.sources.feeds.html.tokens import Tag
from bot.sources.web.literal import in_line
from formatters.spans import collapse_spaces

_TEX = "application/x-tex"


def begins(tag: Tag) -> bool:
    """Tell whether a tag begins a formula."""
    return tag.name == "math" or (tag.name == "script" and tag.about.get("type", "").startswith("math/tex"))


class Formula:
    """A formula that is open: what it is in LaTeX, else its text."""

    def __init__(self, tag: Tag) -> None:
        self._tag = tag.name
        self._latex, self._text = tag.about.get("alttext", ""), ""
        self._in_latex = tag.name == "script"
        self._on_its_own = "display" in tag.about.get("type", "") or tag.about.get("display") == "block"

    def is_ended(self, token: Tag | str) -> bool:
        return isinstance(token, Tag) and token.closes and token.name == self._tag

    def read(self, token: Tag | str) -> None:
        if isinstance(token, str):
            self._add(token)
        elif token.name == "annotation":
            self._in_latex = not token.closes and token.about.get("encoding") == _TEX
            self._latex = "" if self._in_latex else self._latex

    def _add(self, text: str) -> None:
        if self._in_latex:
            self._latex += text
        else:
            self._text += text

    def markdown(self) -> str:
        if latex := collapse_spaces(self._latex):
            return markdown.formula(latex, on_its_own=self._on_its_own)
        return in_line(collapse_spaces(self._text))
