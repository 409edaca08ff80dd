"""What an operator sees: one run now with its progress, and the receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.app import Paperboy, assembled
from bot.config import Settings
from bot.console import Console, plural, print_json, say, warn
from bot.delivery import Report
from bot.hours import Hours
from bot.receipt import receipt, unsettled
from bot.records import Chat, DerivedState, Receipt, Row, Standing
from bot.states import DeliveryState
from bot.store import opened

STATES = (
    *(DeliveryState.SENT, DerivedState.SCHEDULED, DeliveryState.PENDING, DeliveryState.STALE),
    *(DeliveryState.FAILED, DeliveryState.UNCONFIRMED),
)


async def deliver_once(settings: Settings) -> int:
    """Do one run now and say how it went; give the exit code."""
    async with assembled(settings) as paperboy:
        paperboy.stop_on_signals()
        async with paperboy.store.delivering(paperboy.stopping, warn) as mine:
            errors = await paperboy.plan(at_once=True, resume=True) if mine else []
            for problem in [*problems(paperboy), *map(str, errors)]:
                warn(problem)
            if mine:
                with _progress(await paperboy.store.open_rows()) as report:
                    await paperboy.drain(report)
                await paperboy.alarm.look()
        lines = await unsettled(paperboy.store, settings)
        for line in lines:
            warn(line)
        return 2 if errors else 1 if lines else 0


def problems(paperboy: Paperboy) -> list[str]:
    return [what for source in paperboy.sources for what in source.problems.values()]


@contextmanager
def _progress(total: int) -> Iterator[Report]:
    """Report each settled row, a bar on a terminal, a line each elsewhere; then how many were sent and edited."""
    console = Console(stderr=True, soft_wrap=False)
    done = Counter[str]()
    with _bar(console, total) if console.is_terminal else _lines() as report:

        def count(chat: Chat, row: Row, state: DeliveryState, why: str) -> None:
            what = "edited" if row.state == DeliveryState.STALE else "sent"
            done[what] += state == DeliveryState.SENT and not why  # with a reason it was left as it stands
            report(chat, row, state, why)

        yield count
    waiting = f"nothing sent yet, {total} wait" if total else "nothing new to send"
    say(_summary(done["sent"], done["edited"]) if done else waiting)


def _summary(sent: int, edited: int) -> str:
    if edited and sent:
        return f"{plural(sent, 'message')} sent, {edited} edited"
    return f"{plural(edited, 'message')} edited" if edited else f"{plural(sent, 'message')} sent"


@contextmanager
def _lines() -> Iterator[Report]:
    def line(chat: Chat, row: Row, state: DeliveryState, why: str) -> None:
        say(f"{chat.channel} {chat.name} {row.key}: {state}{f': {why}' if why else ''}")

    yield line


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("delivering", total=total)

        def advance(chat: Chat, _row: Row, state: DeliveryState, _why: str) -> None:
            bar.update(
                task,
                description=escape(f"{chat.channel} {chat.name}"),
                advance=state in (DeliveryState.SENT, DeliveryState.FAILED),
            )

        yield advance


async def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print the receipt of the recent digests and the next run."""
    async with opened(settings.store.url) as store:
        digests = await receipt(store, settings)
    when = Hours.of(settings).next(datetime.now(UTC))
    if as_json:
        listed = [{**asdict(standing), "chats": list(map(asdict, lines))} for standing, lines in digests]
        print_json({"digests": listed, "next_run": when.isoformat()})
        return
    console = Console()
    for standing, lines in digests:
        _print_digest(console, standing, lines)
    if not digests:
        console.print("Nothing was delivered yet.")
    console.print(f"Next run: {when:%Y-%m-%d %H:%M} {settings.timezone}")


def _print_digest(console: Console, standing: Standing, receipts: list[Receipt]) -> None:
    reason = f": {standing.reason}" if standing.reason else ""
    title = f"{standing.name}, {plural(standing.papers, 'paper')}, {standing.state}{reason}"
    console.print(escape(title), style="bold")
    if receipts:
        given_up = (DerivedState.DISCARDED,) if any(DerivedState.DISCARDED in line.counts for line in receipts) else ()
        table = Table("chat", *STATES, *given_up, box=None, pad_edge=False)
        for line in receipts:
            counts = [str(line.counts.get(state, 0)) for state in (*STATES, *given_up)]
            table.add_row(escape(f"{line.channel} {line.chat}"), *counts)
        console.print(table)
    for line in receipts:
        for problem in line.problems:
            console.print(escape(f"  {line.channel} {line.chat}: {problem}"), style="yellow")
    console.print()
