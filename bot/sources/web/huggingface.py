"""Hugging Face Daily Papers: the papers that people there recommended on a day, by the site's API.

Source of the facts: the API `GET /api/daily_papers?date=` and the types of its clients (huggingface_hub,
`list_daily_papers`). A day there is one of UTC. No account is needed.

What was chosen for a day stays: papers are ordered by upvotes when the day is read first, later ones are appended while
there is place, none is taken away, and upvotes are no part of what is said. So votes never cause an edit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from bot.errors import SourceError
from bot.sources.fingerprint import fingerprint
from bot.sources.posts.front_matter import storable
from bot.sources.posts.papers.drafts import Draft, finished, slug
from bot.sources.source import Cost, FoundDigest
from bot.sources.survey import Survey
from bot.sources.web.fetcher import Fetcher, Validators
from bot.sources.web.literal import as_markdown
from formatters.model import Digest, Link, Section
from formatters.spans import collapse_spaces

SITE = "https://huggingface.co"
SERIES = "Hugging Face Daily Papers"
_KEPT = 3  # days that are remembered
_MOST = 100  # papers of a day that are asked for
_DAY = timedelta(days=1)


def _texts(value: object) -> list[str]:
    """Take the texts of a list, or the names in it; anything else is no text."""
    found = (one.get("name") if isinstance(one, dict) else one for one in value) if isinstance(value, list) else ()
    return [storable(one) for one in found if isinstance(one, str) and one.strip()]


def _text(value: object) -> str:
    return storable(value).strip() if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class _Paper(BaseModel, frozen=True):
    """What the API says of a paper; only the id and the title must be there and right."""

    id: str = Field(pattern=r"^\d{4}\.\d{4,5}$")
    title: Annotated[str, AfterValidator(storable)] = Field(min_length=1)
    ai_summary: Text = ""
    summary: Text = ""  # the abstract
    ai_keywords: Texts = ()
    authors: Texts = ()
    code: Text = Field("", alias="githubRepo")
    project: Text = Field("", alias="projectPage")

    def after(self, before: _Paper) -> _Paper:
        """Give what is known now; what is missing meanwhile stays as it was."""
        return before.model_copy(update={name: value for name, value in self if value})


class _Vote(BaseModel):
    upvotes: Annotated[int, BeforeValidator(_count)] = 0


class _Day(BaseModel):
    """What is remembered of a day."""

    papers: tuple[_Paper, ...] = ()
    etag: str = ""
    last_modified: str = ""


_STATE = TypeAdapter(dict[date, _Day])


@dataclass
class HuggingFaceSource:
    """Find the papers of the newest UTC day that has ended."""

    name: str
    fetcher: Fetcher
    top: int = 10
    min_upvotes: int = 0
    site: str = SITE
    clock: Callable[[], float] = time.time
    state: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    survey: Survey = field(default_factory=Survey)

    @property
    def cost(self) -> Cost:
        return self.fetcher.cost

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests that are remembered, the newest as the site has it now; SourceError if it cannot be read."""
        days = self._remembered()
        day = datetime.fromtimestamp(self.clock(), UTC).date() - _DAY
        days[day] = await self._read(day, days.get(day, _Day()))
        days = {one: days[one] for one in sorted(days)[-_KEPT:] if days[one].papers}
        self.state = _STATE.dump_json(days, by_alias=True).decode()
        found = [_found(one, known.papers, self.site) for one, known in days.items() if not since or one >= since]
        papers = sum(len(one.papers) for one in days.values())
        self.survey = Survey(len(days), len(days), papers, may_be_empty=True)
        return found

    def _remembered(self) -> dict[date, _Day]:
        try:
            return _STATE.validate_json(self.state or "{}")
        except ValidationError:
            return {}  # of a newer version: what is in the ledger stays, the day is read anew

    async def _read(self, day: date, known: _Day) -> _Day:
        url = f"{self.site}/api/daily_papers?date={day}&limit={_MOST}"
        fetched = await self.fetcher.get(url, Validators(known.etag, known.last_modified))
        if fetched.content is None:
            return known
        papers = self._chosen(known.papers, list(self._papers(day, _listed(fetched.content, url))))
        return _Day(papers=papers, etag=fetched.validators.etag, last_modified=fetched.validators.last_modified)

    def _papers(self, day: date, items: Iterable[Any]) -> Iterator[tuple[int, _Paper]]:
        """Give each paper of an answer with its upvotes; one that is not as it should be is left out, and told."""
        problems = {}
        for place, item in enumerate(items, 1):
            said = item.get("paper") if isinstance(item, dict) else None
            try:
                yield _Vote.model_validate(said).upvotes, _Paper.model_validate(said)
            except ValidationError as error:
                what = ", ".join(str(one["loc"][0]) if one["loc"] else "all of it" for one in error.errors())
                problems[f"{day} {place}"] = (
                    f"{self.name}: {day}: paper {place} is left out, it is not as expected: {what}"
                )
        self.problems = problems

    def _chosen(self, known: Sequence[_Paper], now: Sequence[tuple[int, _Paper]]) -> tuple[_Paper, ...]:
        """Keep what was chosen, brought up to date; then the others by upvotes, as long as there is place."""
        by_id = {paper.id: paper for _, paper in now}
        kept = {one.id: by_id[one.id].after(one) if one.id in by_id else one for one in known}
        ranked = sorted((vote for vote in now if vote[0] >= self.min_upvotes), key=lambda vote: -vote[0])
        further = {paper.id: paper for _, paper in ranked if paper.id not in kept}
        free = max(0, self.top - len(kept))
        return (*kept.values(), *list(further.values())[:free])


def _listed(content: bytes, url: str) -> list[Any]:
    try:
        return TypeAdapter(list[Any]).validate_json(content)
    except ValidationError:
        where = url.partition("?")[0]
        raise SourceError(f"{where}: the answer is no list of papers; look at the address in a browser") from None


def _found(day: date, papers: Iterable[_Paper], site: str) -> FoundDigest:
    drafts = (_draft(place, paper) for place, paper in enumerate(papers, 1))
    url = f"{site}/papers/date/{day}"
    digest = Digest(f"{slug(SERIES)}/{day}", SERIES, day, f"{SERIES} — {day}", url, "", finished(drafts)[0])
    return FoundDigest(digest, str(day), fingerprint(digest))


def _draft(place: int, paper: _Paper) -> Draft:
    links = (Link("Code", paper.code), Link("Project", paper.project))
    sections = {
        "TL;DR": as_markdown(paper.ai_summary),
        "Abstract": as_markdown(paper.summary),
        "Keywords": as_markdown(", ".join(paper.ai_keywords)),
        "Authors": as_markdown(", ".join(paper.authors)),
    }
    return Draft(
        range(0),
        place,
        collapse_spaces(paper.title),
        f"https://arxiv.org/abs/{paper.id}",
        links=tuple(link for link in links if link.url),
        sections=tuple(Section(heading, body) for heading, body in sections.items() if body),
    )
