"""The sources: what each one gives now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.app.assembly import App
from bot.cli.console import plural
from bot.cli.setup.checks.findings import Finding, Name
from bot.config.sources import Source as SourceSettings
from bot.database.states import DigestState
from bot.delivery.readiness import unfinished_reason
from bot.errors import SourceError
from bot.log import unexpected
from bot.sources.source import Source

# By kind of source: what to do where its posts are not understood, and where there are none.
_CURES: Mapping[str, tuple[str, str]] = {
    "folder": ("`paperboy explain POST` shows how one was read", "check path and match"),
    "git": ("`paperboy explain POST` shows how a file of it was read", "check url, branch, path and match"),
    "feed": ('where each entry is a paper, set entries = "papers"', "open its url in a browser, and check match"),
}


async def look(app: App, source: Source) -> Sequence[Finding]:
    source.state = await app.ledger.sources.state(source.name)  # read, never kept: `run` may be at work
    try:
        found = await source.digests()
    except SourceError as error:
        return [_finding(source, str(error))]
    except Exception as error:  # noqa: BLE001 - whatever it is, all else is looked at
        return [_finding(source, unexpected(error))]
    odd = [_finding(source, problem) for problem in source.problems.values()]
    if not found:
        return [*odd, _nothing_found(app, source)]
    newest = found[-1]
    unread = source.survey.problem(has_given=True)
    why = unfinished_reason(newest.digest, 0)
    empty = f"the newest post looks unfinished: {why.sentence(DigestState.HELD)}" if why else ""
    last = f"the newest {newest.post} with {plural(len(newest.digest.papers), 'paper')}"
    return [*odd, Finding(Name.SOURCE, f"source {source.name}: {source.survey}, {last}", unread or empty)]


def _nothing_found(app: App, source: Source) -> Finding:
    if not (problem := source.survey.problem(has_given=False)):
        return Finding(Name.SOURCE, f"source {source.name}: {source.survey}")
    own = next(one for one in app.settings.sources if one.name == source.name)
    is_unread = bool(source.survey.posts)
    return _finding(source, f"{problem}; {cure_of(own, is_unread=is_unread)}")


def cure_of(source: SourceSettings, *, is_unread: bool) -> str:
    """Say what to do about a source that gives no digest: its posts are not understood, or it has none."""
    if source.kind == "feed" and source.has_papers:
        return "the feed has no entries; open its url in a browser"
    unread, empty = _CURES[source.kind]
    return unread if is_unread else empty


def _finding(source: Source, cure: str) -> Finding:
    what = f"source {source.name}"
    return Finding(Name.SOURCE, what, cure.removeprefix(f"{what}: "))
