"""The status of recent digests, paused chats, and the next run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo

from rich.markup import escape

from bot.archive.sources import LastLook
from bot.channels import all_kits
from bot.channels.rate_limits.allowances import Allowance
from bot.cli.console import Console, plural, print_json, spell_minute, spell_time
from bot.config.settings import Settings
from bot.database.engine import FailedJob
from bot.database.states import DeliveryState, IncidentKind
from bot.delivery.channel import listed_chats
from bot.delivery.hours import DeliveryHours
from bot.ledger.chats.paces import LearntPace
from bot.ledger.ledger import open_ledger
from bot.ledger.records.reports import ChatStatus, DerivedState, DigestStatus, PausedChat, StuckMessage
from bot.ledger.writing.bots import Owned
from bot.monitoring.status import paused_line, recent_status
from formatters.locale import phrases

STATES = (
    *(DeliveryState.SENT, DerivedState.SCHEDULED, DeliveryState.PENDING, DeliveryState.STALE),
    *(DeliveryState.FAILED, DeliveryState.UNCONFIRMED),
)

_RARE = (DerivedState.DISCARDED, DeliveryState.RECALLING, DeliveryState.RECALLED)  # no column while there are none


async def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print the status of the recent digests, the paused chats, what the last looks found, and the next run."""
    async with open_ledger(settings.store.url) as ledger:
        digests, paused = await recent_status(ledger, settings), await ledger.status.paused()
        stuck = await ledger.incidents.stuck()
        looks = await ledger.sources.last_looks()
        left = await ledger.incidents.unsubscribed(listed_chats(all_kits(), settings))
        clock = [one for one in await ledger.incidents.current() if one.kind is IncidentKind.CLOCK]
        slower = [one for one in await ledger.paces.listed() if _allowed(one) < one.most]
        owners, workers = await ledger.bots.owners()
        failed = await ledger.failed_jobs()
    sources = [looks[one.name] for one in settings.sources if one.name in looks]
    when = DeliveryHours.for_chat(settings).next_after(datetime.now(UTC))
    if as_json:
        listed = [{**asdict(digest_status), "chats": list(map(asdict, lines))} for digest_status, lines in digests]
        more = {
            "paused": [{**asdict(one), "since": spell_time(one.since, settings.zone)} for one in paused],
            "unsubscribed": [one.untitled for one in left],
            "stuck": list(map(asdict, stuck)),
            "sources": [{"name": one.name, **asdict(one.survey), "problem": _problem(one)} for one in sources],
            "paces": [_as_json(one, settings.zone) for one in slower],
            "bots": [{**asdict(one), "since": spell_time(one.since, settings.zone)} for one in owners],
            "workers": list(workers),
            "failed_jobs": [{**asdict(one), "failed_at": spell_time(one.failed_at, settings.zone)} for one in failed],
        }
        print_json({"digests": listed, **more, "next_run": when.isoformat()})
        return
    console = Console()
    for digest_status, lines in digests:
        _print_digest(console, digest_status, lines)
    if not digests:
        console.print("Nothing was delivered yet.")
    _print_stuck(console, stuck)
    _print_paused(console, paused, settings.zone)
    for one in (*left, *clock):
        console.print(escape(phrases("en").incidents[one.kind].format(where=one.where, why=one.why)), style="yellow")
    for look in sources:
        _print_look(console, look)
    _print_paces(console, slower, settings.zone)
    _print_owners(console, owners, workers, settings.zone)
    _print_failed(console, failed, settings.zone)
    console.print(f"Next run: {when:%Y-%m-%d %H:%M} {settings.timezone}")


def _print_owners(console: Console, owners: Sequence[Owned], workers: Sequence[str], zone: tzinfo) -> None:
    """Print who delivers for each bot of a ledger that is shared, and who shares it."""
    for one in owners:
        if one.since is None:
            console.print(f"{one.channel}: nobody delivers; start `paperboy run`", style="yellow")
        else:
            who = f"{one.host} {one.pid} since {spell_minute(one.since, zone)}"
            console.print(escape(f"{one.channel}: {who}, {plural(one.per_minute, 'message')} in the last minute"))
    if owners:
        console.print(escape(f"{plural(len(workers), 'worker')}{': ' if workers else ''}{', '.join(workers)}"))


def _print_failed(console: Console, failed: Sequence[FailedJob], zone: tzinfo) -> None:
    for one in failed:
        often = f"failed {plural(one.times, 'time')}, last at {spell_minute(one.failed_at, zone)}"
        console.print(escape(f"job {one.name} {one.what}: {often}; the log says why"), style="yellow")


def _problem(look: LastLook) -> str:
    return look.error or look.problem


def _print_look(console: Console, look: LastLook) -> None:
    if look.survey.posts and look.problem != str(look.survey):
        console.print(escape(f"source {look.name}: {look.survey}"))
    if problem := _problem(look):
        console.print(escape(f"source {look.name}: {problem}"), style="yellow")


def _allowed(pace: LearntPace) -> float:
    """Give how many calls are made at the most by now: what was learnt comes back in days."""
    return Allowance(pace.name, pace.most, pace.window, learnt=pace.learnt, learnt_at=pace.learnt_at).allowed


def _as_json(pace: LearntPace, zone: tzinfo) -> dict[str, object]:
    return {**asdict(pace), "learnt_at": spell_time(pace.learnt_at, zone), "allowed": _allowed(pace)}


def _print_paces(console: Console, slower: Sequence[LearntPace], zone: tzinfo) -> None:
    for one in slower:
        since = spell_minute(one.learnt_at, zone)
        often = f"{_allowed(one):.3g} of {one.most} calls in {plural(round(one.window), 'second')}"
        why = f"since {one.channel} refused more at {since}; a few more are tried each day"
        console.print(escape(f"{one.channel} {one.name}: {often}, {why}"), style="yellow")


def _print_paused(console: Console, paused: list[PausedChat], zone: tzinfo) -> None:
    if not paused:
        return
    said = phrases("en")  # as all that commands say
    console.print(said.paused(len(paused)), style="bold")
    for one in paused:
        console.print(escape(f"  {paused_line(one, said, zone)}"), style="yellow")
    console.print()


def _print_digest(console: Console, digest_status: DigestStatus, chat_statuses: list[ChatStatus]) -> None:
    reason = f": {digest_status.reason}" if digest_status.reason else ""
    title = f"{digest_status.name}, {plural(digest_status.papers, 'paper')}, {digest_status.state}{reason}"
    console.print(escape(title), style="bold")
    if chat_statuses:
        states = (*STATES, *(state for state in _RARE if any(state in line.counts for line in chat_statuses)))
        rows = [(line.label, *(str(line.counts.get(state, 0)) for state in states)) for line in chat_statuses]
        console.print_table(("chat", *states), rows)
    for line in chat_statuses:
        for problem in line.problems:
            console.print(escape(f"  {line.label}: {problem}"), style="yellow")
    console.print()


def _print_stuck(console: Console, stuck: list[StuckMessage]) -> None:
    """Print the names of what a person settles, to be put behind a command, and how the chat is called."""
    if stuck:
        console.print("Stuck; settle one with `paperboy retry` or `paperboy discard` and its names:")
    for one in stuck:
        names = shlex.join((one.chat, one.digest, one.key))
        console.print(escape(f"  {names}  {one.state}{f'  ({one.title})' if one.title else ''}"), style="yellow")
    if stuck:
        console.print()
