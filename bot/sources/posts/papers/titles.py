"""The text of a heading to a number, a title and links."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from formatters import labels, markdown
from formatters.addresses import identity, whole
from formatters.links import safe
from formatters.model import Link
from formatters.spans import Span, Spans, collapse_spaces, plain

# Emoji, arrows, bullets and the like before a number; digits in circles are none of them.
_DECORATION = (
    "\\s*_•·▪\u2190-\u21ff\u25a0-\u25ff\u2600-\u2775\u2794-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff"
)
_NUMBER = re.compile(
    rf"[{_DECORATION}]*(?:"
    r"(?P<keys>(?:\d\ufe0f?\u20e3)+)"
    r"|(?P<sign>[\u2460-\u2473\u2776-\u2793\u3251-\u325f\U0001f51f])"
    r"|(?:논문|paper|论文|論文|no\.?|第)\s*[#＃]?\s*(?P<named>\d{1,3})\s*(?:[.:)：．、–—-]|篇|番|번)?(?!\w)"
    r"|[\[(（【［]\s*(?P<inside>\d{1,3})\s*[\])）】］][.:：]?"
    r"|[#＃]\s*(?P<hash>\d{1,4})[.:)：]?(?!\w)"
    r"|(?P<plain>\d{1,4})\s*[.)．）:：、。](?!\d)"
    rf")[{_DECORATION}]*",
    re.IGNORECASE,
)
_TEN = "\U0001f51f"  # Unicode gives it no numeric value
_BEFORE_LINK = re.compile(rf"[{_DECORATION}]*(\d{{1,3}})\s+")
# Images that link nowhere, such as badges.
_IMAGE = re.compile(r"(?<!\[)!\[[^\[\]]*\]\([^()\s]*\)")
# Scores at the ends of a title, and class labels of arXiv.
_STARS = re.compile(r"\s*[⭐★☆🌟👍🔺▲](?:[⭐★☆🌟\ufe0f]*)\s*[:×x]?\s*(?:\d[\d.,]*k?(?:\s*/\s*\d+)?)?\s*$")
_CLASS = r"(?:cs|math|stat|eess|econ|physics|astro-ph|cond-mat|q-bio|q-fin|quant-ph|gr-qc|nlin|hep-\w+|nucl-\w+)"
_CLASS_LABEL = re.compile(rf"{_CLASS}(?:\.[A-Za-z-]{{2,}})?(?:\s*[,/;·]\s*{_CLASS}\.[A-Za-z-]{{2,}})*")
_CLASS_AT_END = re.compile(
    rf"^[\[(（]?{_CLASS}\.[A-Z][A-Za-z]+[\])）]?\s*[-–—:|·]?\s+|\s+[\[(（]{_CLASS}\.[A-Z][A-Za-z]+[\])）]$"
)
# What links are called beside the kinds that `labels` knows.
_SHORT = re.compile(
    "slides|video|poster|blog|post|hf|hf papers|huggingface|alphaxiv|ar5iv|bibtex|here|abstract|openreview|doi|"
    "discussion|twitter|tweet|colab|notebook|블로그|블로그 글|博客|详情"
)
_ID = re.compile(r"(?:arxiv:?\s*)?\d{4}\.\d{4,5}(?:v\d+)?|https?://\S+|(?:www\.)?[\w-]+\.\w+/\S*", re.IGNORECASE)
_LETTER = re.compile(r"\w")
_ASIDE = re.compile(r"[(（][^()（）]*[)）]")
_EMPTY = re.compile(r"[(\[（【]\s*(?:[,;|·/、&]\s*)*[)\]）】]")
_DANGLING = re.compile(r"^[\s,;:|·•/–—、，\-]+|[\s,;:|·•/–—、，\-(（\[]+$")
_REPEATED = re.compile(r"\s*([,|·/;])(?:\s*[,|·/;])+")
_TITLE_LABEL = re.compile(r"([^:：]{1,20})[:：]\s*")


class Title(NamedTuple):
    """What a heading says; the links are all of it but the one that is the title itself."""

    text: str  # plain, with its number
    title: str
    number: int = 0  # 0: none
    url: str = ""  # the paper's: a known one before others, the first before later ones
    links: tuple[Link, ...] = ()
    is_link: bool = False  # all of the title is linked

    @property
    def is_known(self) -> bool:
        return bool(self.url and identity(self.url))


def read(text: str, base: str = "") -> Title:
    """Read the Markdown of a heading; links are completed with `base`."""
    spans = markdown.inline(_IMAGE.sub("", text))
    said = collapse_spaces(plain(spans))
    number, length = _number(spans)
    spans = _without_start(spans, length)
    groups = list(_groups(spans, base))
    title_link = next((label for label, url in groups if url and not is_short(label)), "")
    url = _paper_url(groups)
    kept = [(label, link) for label, link in groups if _belongs(label, link, title_link, url)]
    if not _LETTER.search(_ASIDE.sub("", "".join(label for label, _ in kept))):
        kept = groups  # the label is the title, whatever it is
    title = _tidied(kept, groups) or collapse_spaces(plain(spans))
    links = tuple(Link(collapse_spaces(label), link) for label, link in _others(groups, title_link) if label.strip())
    is_link = bool(url) and not any(re.search(r"\w", label) for label, link in kept if not link)
    return Title(said, title, number, url, links, is_link)


def usual(text: str) -> Title | None:
    """Read a heading of the most usual shape without a Markdown parser: `1. [Title](address)`."""
    found = _USUAL.fullmatch(text)
    if not found:
        return None
    title = collapse_spaces(found[2])
    return Title(f"{found[1]}. {title}", title, int(found[1]), found[3], (), is_link=True)


_USUAL = re.compile(
    r"\s*(\d{1,4})[.)]\s*\[([^\n\\`*_\[\]<&!⭐★$:]*\w[^\n\\`*_\[\]<&!⭐★$]*)\]\((https?://[a-z0-9.-]+/[\w./-]*)\)\s*"
)


def number_length(text: str) -> int:
    """Give how many characters of Markdown the number at its beginning takes, 0 for none."""
    found = _NUMBER.match(text)
    return len(found[0].rstrip("*_")) if found else 0


def _number(spans: Spans) -> tuple[int, int]:
    """Give the number that a heading begins with, and how many characters it takes; 0, 0 where there is none."""
    text = plain(spans)
    if found := _NUMBER.match(text):
        number = _value(found.lastgroup or "", found[found.lastgroup or 0])
        return (number, found.end()) if number else (0, 0)
    first = spans[0] if spans else Span("")
    before = None if first.url or len(spans) < 2 or not spans[1].url else _BEFORE_LINK.fullmatch(first.text)
    return (int(before[1]), before.end()) if before else (0, 0)


def _value(kind: str, written: str) -> int:
    if written == _TEN:
        return 10
    return int(unicodedata.numeric(written)) if kind == "sign" else int(re.sub(r"\D", "", written))


def _without_start(spans: Spans, length: int) -> Spans:
    kept: list[Span] = []
    for span in spans:
        if length < len(span.text):
            kept.append(span._replace(text=span.text[length:]))
        length = max(0, length - len(span.text))
    return tuple(kept)


def _groups(spans: Spans, base: str) -> Iterator[tuple[str, str]]:
    """Give runs of text and links, neighbours of one address together; class labels in code are left out."""
    label, url = "", ""
    for span in (*spans, Span("", "\0")):
        if span.url != url:
            if label:
                yield label, whole(url, base) if url else ""
            label, url = "", span.url
        if "code" not in span.styles or not _CLASS_LABEL.fullmatch(span.text.strip()):
            label += span.text


def is_short(label: str) -> bool:
    """Tell whether a link's label names a kind of page, and no title."""
    kind = labels.tells(label) in {"link", "code"} or bool(_SHORT.fullmatch(labels.known(label)))
    return kind or not _LETTER.search(label) or bool(_ID.fullmatch(label.strip()))


def _paper_url(groups: Sequence[tuple[str, str]]) -> str:
    urls = [url for label, url in groups if url and label.strip()]
    return next((url for url in urls if identity(url)), urls[0] if urls else "")


def _belongs(label: str, link: str, title_link: str, url: str) -> bool:
    """Tell whether a run of text is part of the title; further links are not."""
    if not link:
        return True
    return (label == title_link or link == url or not safe(link)) and not (is_short(label) and safe(link))


def _others(groups: Sequence[tuple[str, str]], title_link: str) -> Iterator[tuple[str, str]]:
    """Give the links beside the one that is the title."""
    links = [(label, link) for label, link in groups if link]
    own = next((place for place, (label, _) in enumerate(links) if label == title_link), None)
    return (one for place, one in enumerate(links) if place != (0 if own is None and len(links) == 1 else own))


def _tidied(kept: Sequence[tuple[str, str]], groups: Sequence[tuple[str, str]]) -> str:
    title = collapse_spaces("".join(label for label, _ in kept))
    if len(kept) < len(groups):  # what was taken out leaves separators
        title = _DANGLING.sub("", _REPEATED.sub(r"\1", _EMPTY.sub("", title)))
    title = _CLASS_AT_END.sub("", _STARS.sub("", title))
    label = _TITLE_LABEL.match(title)
    if label and labels.tells(label[1]) == "title":
        title = title[label.end() :]
    title = re.sub(r"^\s*[-–—|]\s+", "", title)
    return collapse_spaces(_EMPTY.sub("", title)) if re.search(r"\w", title) else ""
