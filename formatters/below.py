"""What stands below a full summary: the papers beside it, its day, its post, its HTML version, a text to copy."""

from __future__ import annotations

from formatters import addresses, lines, links
from formatters.locale import Phrases
from formatters.model import Digest, Paper
from formatters.page import Button, Rows, reference
from formatters.spans import shorten, without_direction

LONGEST_COPY = 256  # UTF-16 units (Telegram Bot API, CopyTextButton)
_SHORTEST_TITLE = 60  # that leaves enough to know the paper by; an address that leaves less is left out


def rows(digest: Digest, paper: Paper, phrases: Phrases) -> Rows:
    """Give the buttons below a paper in full, at most two in a row: a telephone shows no more."""
    all_rows = (_neighbours(digest, paper, phrases), _digest(digest, phrases), _elsewhere(paper, phrases))
    return tuple(row for row in all_rows if row)


def copied(paper: Paper) -> str:
    """Give title, id and address of a paper, a line each, to be pasted elsewhere."""
    arxiv = addresses.arxiv_id(paper.url)
    name = f"arXiv:{arxiv}" if arxiv else paper.id if ":" in paper.id else ""  # else the title in small letters
    url = f"https://arxiv.org/abs/{arxiv}" if arxiv else links.safe(paper.url)
    rest = [one for one in (name, url) if one and _units(one) < (LONGEST_COPY - _SHORTEST_TITLE) // 2]
    left = LONGEST_COPY - sum(_units(one) + 1 for one in rest)
    return "\n".join([_fitting(without_direction(paper.title), left), *rest])


def _neighbours(digest: Digest, paper: Paper, phrases: Phrases) -> tuple[Button, ...]:
    place = next((at for at, one in enumerate(digest.papers) if one.id == paper.id), 0)
    before, after = digest.papers[max(0, place - 1) : place], digest.papers[place + 1 : place + 2]
    return (
        *(_to(digest, one, phrases.paper_before) for one in before),
        *(_to(digest, one, phrases.paper_after) for one in after),
    )


def _to(digest: Digest, paper: Paper, label: str) -> Button:
    typed = lines.spell_numbered(paper.number, digest.day)
    return Button(label.format(number=paper.number), lines.spell_paper(reference(digest, paper)), typed)


def _digest(digest: Digest, phrases: Phrases) -> tuple[Button, ...]:
    day = Button(phrases.papers_of_day, lines.spell_day(digest.day), lines.spell_papers(digest.day))
    post = links.safe(digest.url)
    return (day, Button(phrases.blog_post, url=post)) if post else (day,)


def _elsewhere(paper: Paper, phrases: Phrases) -> tuple[Button, ...]:
    html, copy = addresses.html_version(paper), Button(phrases.copy, copy=copied(paper))
    return (Button("HTML", url=html), copy) if html else (copy,)


def _fitting(title: str, units: int) -> str:
    """Cut a title to so many UTF-16 units."""
    limit = units
    while _units(short := shorten(title, limit)) > units:
        limit -= 1
    return short


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
