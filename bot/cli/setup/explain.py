"""Show how a post was read: what became of each of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from bot.cli.console import Console, plural, print_json
from bot.cli.setup.origins import origin_of
from bot.config.settings import Settings
from bot.errors import SourceError
from bot.sources.files import shown
from bot.sources.posts.explanation import Explanation, Loss, ReadPaper, ReadPost, explain
from bot.sources.posts.post import LARGEST_POST
from bot.sources.survey import quoted
from formatters.summary import Statement

_PARTS = ("lead", "goal", "contribution", "result", "other")  # in the order of a message


def show(settings: Settings, path: Path, *, as_json: bool) -> int:
    """Print how a post was read; give 1 when it gives no digest with papers. SourceError where it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_POST + 1)
    except OSError as error:
        raise SourceError(f"{shown(str(path))}: {error.strerror}; name a post") from None
    own = origin_of(path, settings)
    how = explain(raw, own)
    if as_json:
        print_json({"post": own.name, "front": dict(how.front), "digests": list(map(_json, how.posts))})
    else:
        _print(how)
    return 0 if any(one.post.digest and one.papers for one in how.posts) else 1


def _print(how: Explanation) -> None:
    console = Console()
    for place, (title, lines) in enumerate(part for one in how.posts for part in told(how, one)):
        console.print(f"{chr(10) if place else ''}[bold]{escape(title)}[/bold]")
        for line in lines:
            console.print(escape(f"  {line}"))


def told(how: Explanation, one: ReadPost) -> Iterator[tuple[str, list[str]]]:
    """Say how a post was read, part by part: a title, and lines below it."""
    yield _title(one), list(_facts(how, one))
    for paper in one.papers:
        yield f"{paper.paper.number}. {paper.paper.title}", list(_of_paper(paper))
    yield from _rest(one)


def _title(one: ReadPost) -> str:
    if digest := one.post.digest:
        return f"{one.name}: {digest.series}, {digest.day}, {plural(len(one.papers), 'paper')}"
    return f"{one.name}: no digest"


def _facts(how: Explanation, one: ReadPost) -> Iterator[str]:
    if one.days:
        yield f"day: {', '.join(f'{day} by its {place}' for place, day in one.days.items())}"
    if how.front:
        yield f"front matter: {', '.join(f'{key} = {said}' for key, said in how.front.items())}"
    if one.post.degraded:
        yield f"problem: {one.post.degraded}"
    if one.post.miss:
        yield f"nearest to a paper: {one.post.miss}"


def _of_paper(read: ReadPaper) -> Iterator[str]:
    paper = read.paper
    yield ", ".join(map(str, read.lines))
    yield f"id {', '.join(dict.fromkeys(filter(None, [paper.id, read.identity, paper.url or 'no link'])))}"
    if paper.category:
        yield f"category: {paper.category}"
    for link in paper.links:
        yield f"link: {link.label}, {link.url}"
    if named := [section.heading for section in paper.sections if section.heading]:
        yield f"sections: {', '.join(named)}"
    for part in _PARTS:
        if statement := read.picked.get(part):
            yield f"{part}: “{statement.text}” ({_why(statement)})"
    if not read.picked:
        yield "no sentence for its short summary"


def _why(statement: Statement) -> str:
    """Say what told that a sentence is this part of the summary."""
    section = f"in the section “{statement.section}”" if statement.section else "under the title"
    return f"labelled “{statement.label}”, {section}" if statement.label else f"the first sentence {section}"


def _rest(one: ReadPost) -> Iterator[tuple[str, list[str]]]:
    if one.apart:
        yield "Of no paper", [f"{apart.lines} {quoted(apart.text)}: {apart.reason}" for apart in one.apart]
    if one.post.digest:
        yield "Words that reach no message" if one.lost else "Each word reaches a message", list(map(_loss, one.lost))


def _loss(loss: Loss) -> str:
    return f"line {loss.line}: {' '.join(loss.words)}"


def _json(one: ReadPost) -> dict[str, object]:
    digest, miss = one.post.digest, one.post.miss
    return {
        "name": one.name,
        "id": digest.id if digest else None,
        "series": digest.series if digest else None,
        "day": f"{digest.day}" if digest else None,
        "days": {place: f"{day}" for place, day in one.days.items()},
        "problem": one.post.degraded,
        "nearest": asdict(miss) if miss else None,
        "papers": list(map(_paper_json, one.papers)),
        "apart": list(map(asdict, one.apart)),
        "lost": list(map(asdict, one.lost)),
    }


def _paper_json(read: ReadPaper) -> dict[str, object]:
    paper = read.paper
    return {
        "number": paper.number,
        "title": paper.title,
        "id": paper.id,
        "identity": read.identity,
        "url": paper.url,
        "lines": list(map(asdict, read.lines)),
        "category": paper.category,
        "links": list(map(asdict, paper.links)),
        "sections": [section.heading for section in paper.sections],
        "summary": {part: statement._asdict() for part, statement in read.picked.items()},
    }
