"""What tags of HTML do to the text between them."""

from __future__ import annotations

from formatters.spans import Span, plain
from formatters.syntax import symbols, tags
from formatters.syntax.tags import Tag
from formatters.writing import Writer

IMAGE = "🖼"  # an image without a description
_SCRIPTS = {"sub": symbols.below, "sup": symbols.above}
_LISTS = {"ul": None, "ol": 1}  # the first number
_PAIRED = {*tags.STYLES, *_SCRIPTS, *_LISTS, "a"}


class Tagged:
    """The tags that are open in the text of one block."""

    def __init__(self, content: str) -> None:
        self._content = content  # in which tags must end that papers use as words, too
        self._open: list[tuple[str, int]] = []  # names, and at which span they begin

    def read(self, written: str, writer: Writer) -> None:
        """Do what a tag does; text that is none is written."""
        tag = tags.read(written)
        if tag and not (tag.name == "s" and "</s>" not in self._content):
            self._apply(tag, writer)
        elif not written.startswith("<!--"):
            writer.add(written)

    def end(self, writer: Writer) -> None:
        """Close what the author left open."""
        while self._open:
            self._close(self._open[-1][0], writer)

    def _apply(self, tag: Tag, writer: Writer) -> None:
        if tags.ends_line(tag.name):
            writer.end_line()
        if tag.name in _PAIRED:
            (self._close if tag.closes else self._begin)(tag.name, writer, tag)
        elif not tag.closes:
            _alone(tag, writer)

    def _begin(self, name: str, writer: Writer, tag: Tag) -> None:
        self._open.append((name, writer.begin() if name in _SCRIPTS else len(writer.spans)))
        if name == "a":
            writer.urls.append(tag.attribute("href"))
        elif name in _LISTS:
            writer.lists.append(_LISTS[name])
        elif name in tags.STYLES:
            writer.styles.append(tags.STYLES[name])

    def _close(self, name: str, writer: Writer, tag: Tag | None = None) -> None:  # noqa: ARG002 (as `_begin`)
        """Close a tag, and those within it; one that was not opened does nothing."""
        if name not in (opened for opened, _ in self._open):
            return
        closed = ""
        while closed != name:
            closed, start = self._open.pop()
            if closed == "a":
                writer.urls.pop()
            elif closed in _LISTS:
                writer.lists.pop()
            elif closed in _SCRIPTS:
                _set(closed, start, writer)
            else:
                writer.styles.remove(tags.STYLES[closed])


def _alone(tag: Tag, writer: Writer) -> None:
    """Do what a tag does that holds nothing."""
    match tag.name:
        case "img":
            writer.add(tag.attribute("alt") or IMAGE, url=tag.attribute("src"))
        case "li":
            writer.item()
        case "td" | "th":
            writer.add(" | " if writer.spans and not writer.gap else "")


def _set(name: str, start: int, writer: Writer) -> None:
    """Set spans above or below the line."""
    spans = writer.spans[start:]
    if text := plain(spans).strip():
        writer.spans[start:] = [Span(_SCRIPTS[name](text), spans[0].url, spans[0].styles)]
