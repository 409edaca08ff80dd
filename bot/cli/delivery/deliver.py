"""What an operator sees: one run now, with its progress and what it left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from enum import IntEnum
from itertools import count

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.app.assembly import App, open_app
from bot.app.cycle import DeliveryCycle
from bot.cli.console import Console, plural, say, warn
from bot.concurrency import backoff, wait_unless
from bot.config.settings import Settings
from bot.database.states import DeliveryState, IncidentKind
from bot.delivery.channel import listed_chats
from bot.delivery.dispatcher import OnSettled
from bot.errors import SourceError, Stopped
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from bot.ledger.records.reports import Incident, PausedChat
from bot.monitoring.heartbeat import Heartbeat
from bot.monitoring.status import paused_line, unsettled_lines, waiting_chats
from bot.monitoring.tally import DigestTally, Tally
from bot.sources.source import Source
from formatters.locale import phrases

_SAID = phrases("en")  # as all that commands say
_WARNINGS = {
    IncidentKind.LISTED_TWICE,
    IncidentKind.CLOCK,
    IncidentKind.UNFOLDED,
}  # what is mended already, and worth a line
_NO_HASTE = {IncidentKind.HELD, IncidentKind.PAUSED, *_WARNINGS}  # these are waited for, told, or mended
_IDLE = 60.0  # seconds: when nothing was settled for so long, what waits is left to the next run
_PRUNING = 20.0  # seconds for which old deliveries are deleted; what is left then, the next run deletes

_DONE = {DeliveryState.STALE: "edited", DeliveryState.RECALLING: "deleted"}  # what was done to rows in these states
_WELL = (DeliveryState.SENT, DeliveryState.RECALLED)
_OVER = (*_WELL, DeliveryState.FAILED)


class ExitCode(IntEnum):
    """How a run ended, for who starts it."""

    SETTLED = 0
    NEEDS_PERSON = 1
    COULD_NOT_RUN = 2
    WAITS = 3


async def deliver_once(settings: Settings, longest: timedelta | None = None, *, verbose: bool = False) -> ExitCode:
    """Do one run now and say how it went; give the exit code.

    It ends when everything is settled, when nothing was settled for a minute, or after `longest`. With `verbose`, each
    message is told.
    """
    async with open_app(settings) as app:
        app.stop_on_signals()
        if longest is not None:
            asyncio.get_running_loop().call_later(longest.total_seconds(), app.cycle.stopping.set)
        errors: list[SourceError] = []
        broken: list[str] = []
        with suppress(Stopped):
            async with app.ledger.dispatch_lock(app.cycle.stopping, warn):
                async with app.ledger.delivery_lock(app.cycle.stopping, warn):
                    errors = await _plan(app.cycle)
                await app.titles.write()
                async with app.ledger.bots.taken(app.channels) as mine:
                    _say_others(app.channels.keys() - mine)
                    broken = await _dispatch(app, mine, verbose=verbose)
                await app.titles.keep(untitled_alone=True)
                await app.notifier.notify()
                await app.cycle.prune(_PRUNING)
            if not errors and not broken:
                await _call_heartbeat(app.service.heartbeat)
        lines = await _report(app)
        closed = [*await _report_paused(app), *await _report_unsubscribed(app)]
        if errors:
            return ExitCode.COULD_NOT_RUN
        if broken or closed or any(app.cycle.unread.values()) or (lines and await _needs_person(app)):
            return ExitCode.NEEDS_PERSON
        return ExitCode.WAITS if lines else ExitCode.SETTLED


async def _call_heartbeat(heartbeat: Heartbeat) -> None:
    """Call the operators' URL if they gave one and all is well; else whoever listens there tells them."""
    if heartbeat.url and await heartbeat.is_all_well() and (why := await heartbeat.call()):
        warn(f"heartbeat: {heartbeat.host}: {why}")


async def _plan(cycle: DeliveryCycle) -> list[SourceError]:
    """Plan what shall be sent, and say what was read and what is wrong with sources and posts."""
    errors = await cycle.plan(at_once=True, resume=True)
    for source in cycle.sources:
        _say_survey(source, cycle.unread.get(source.name))
    for problem in [*cycle.problems(), *cycle.identification.problems, *map(str, errors)]:
        warn(problem)
    for one in await cycle.ledger.incidents.current():
        if one.kind in _WARNINGS:
            warn(_SAID.incidents[one.kind].format(where=one.where, why=one.why))
    return errors


def _say_survey(source: Source, unread: str | None) -> None:
    """Say what was read of a source; None: it could not be looked at."""
    if unread is not None and str(source.survey) != unread:
        say(f"source {source.name}: {source.survey}")
    if unread:
        warn(f"source {source.name}: {unread}")


def _say_others(channels: Collection[str]) -> None:
    for name in sorted(channels):
        say(f"{name}: a running Paperboy delivers there; it is not waited for")


async def _dispatch(app: App, mine: Collection[str], *, verbose: bool) -> list[str]:
    """Send everything that is due in these channels, until nothing was settled for long.

    Say in which chats that failed unexpectedly.
    """
    channels = {name: channel for name, channel in app.channels.items() if name in mine}
    settled, tally = asyncio.Event(), Tally(_say_digest)
    watch = asyncio.create_task(_stop_when_idle(settled, app.cycle.stopping))
    try:
        total = await app.ledger.open_rows()
        with _counting(total, settled, _shown(total, tally, verbose=verbose)) as report:
            # One for all: it counts the failures in each chat, and each of them doubles the next wait there.
            dispatcher = app.cycle.dispatcher(report, tally.working, channels)
            await dispatcher.run()
            tries = count()
            while await _asked_again(app.cycle, next(tries)):
                await dispatcher.run()
    finally:
        watch.cancel()
    broken = app.cycle.broken_chats(dispatcher)
    for problem in broken:
        warn(problem)
    return broken


async def _asked_again(cycle: DeliveryCycle, tries: int) -> bool:
    """Ask once more about chats that wait to be identified, after as long as a worker would wait for another try."""
    policy = cycle.policy
    pause = backoff(policy.first_backoff, tries, policy.longest_backoff)
    if not cycle.identification.problems or pause > policy.longest_wait:
        return False
    await wait_unless(asyncio.sleep(pause), cycle.stopping)
    if cycle.stopping.is_set():
        return False
    async with cycle.ledger.delivery_lock(cycle.stopping, warn):
        await cycle.plan(at_once=True, resume=False)
    return True


async def _stop_when_idle(settled: asyncio.Event, stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):
        while True:
            settled.clear()
            async with asyncio.timeout(_IDLE):
                await settled.wait()
    stopping.set()


async def _report(app: App) -> list[str]:
    """Say what is not settled, a line each, and who waits when the run ended before its end."""
    lines = await unsettled_lines(app.ledger, app.settings)
    for line in lines:
        warn(line)
    if app.cycle.stopping.is_set() and (count := await waiting_chats(app.ledger, app.settings)):
        warn(f"{plural(count, 'chat')} still {'waits' if count == 1 else 'wait'}; the next run goes on")
    return lines


async def _report_paused(app: App) -> list[PausedChat]:
    """Say which chats are paused; give those of the settings.

    No operator can let the bot into a chat whose people subscribed it and then closed it.
    """
    paused = await app.ledger.status.paused()
    for one in paused:
        if not one.is_reader:
            warn(f"paused: {paused_line(one, _SAID, app.settings.zone)}")
    if readers := sum(one.is_reader for one in paused):
        warn(_SAID.blocked(readers))
    listed = listed_chats(app.kits, app.settings)
    return [one for one in paused if (one.channel, one.chat) in listed]


async def _report_unsubscribed(app: App) -> list[Incident]:
    """Say which chats of the settings their people unsubscribed, and give them."""
    found = await app.ledger.incidents.unsubscribed(listed_chats(app.kits, app.settings))
    for one in found:
        warn(_SAID.incidents[one.kind].format(where=one.where))
    return found


async def _needs_person(app: App) -> bool:
    """Tell whether anything will not be mended by itself; a post that looks unfinished is waited for."""
    incidents = await app.ledger.incidents.current()
    return any(one.is_news and one.kind not in _NO_HASTE for one in incidents)


@contextmanager
def _counting(total: int, settled: asyncio.Event, shown: AbstractContextManager[OnSettled]) -> Iterator[OnSettled]:
    """Show each settled row, and at the end say how many were sent and edited.

    `settled` is set when one was sent or failed.
    """
    done = Counter[str]()
    with shown as report:

        def note(chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
            what = _DONE.get(row.state, "sent")
            # With a reason it was left as it stands; an edit that changes links alone is a part of sending.
            done[what] += state in _WELL and not why and not row.changes_links_alone
            if state in _OVER:
                settled.set()
            report(chat, row, state, why)

        yield note
    waiting = f"nothing sent yet, {total} wait" if total else "nothing new to send"
    say(_summary(done) if done else waiting)


def _summary(done: Counter[str]) -> str:
    """Say how many were sent, edited and deleted: "19 messages sent, 2 edited"."""
    parts = [(done[what], what) for what in ("sent", *_DONE.values()) if done[what]] or [(0, "sent")]
    (first, what), *more = parts
    return ", ".join([f"{plural(first, 'message')} {what}", *(f"{count} {what}" for count, what in more)])


def _shown(total: int, tally: Tally, *, verbose: bool) -> AbstractContextManager[OnSettled]:
    """Choose what is shown: a line per message when asked for, a bar on a terminal, else a line per digest and chat."""
    console = Console(stderr=True, soft_wrap=False)
    if verbose or not console.is_terminal or not total:
        return nullcontext(_say_message if verbose else tally.settled)
    return _bar(console, total)


def _say_message(chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
    if why or state not in _WELL or not row.changes_links_alone:
        say(f"{chat.label} {row.key}: {state}{f': {why}' if why else ''}")


def _say_digest(one: DigestTally) -> None:
    say(f"{one.chat.label} {one.digest}: {one}")


@contextmanager
def _bar(console: Console, total: int) -> Iterator[OnSettled]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("delivering", total=total)

        def advance(chat: Chat, row: QueuedDelivery, state: DeliveryState, _why: str) -> None:
            bar.update(
                task,
                description=escape(chat.label),
                advance=state in _OVER and not row.changes_links_alone,
            )

        yield advance
