"""What an operator sees: one run now with its progress, and the receipt."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.app import Paperboy, assembled
from bot.channels.terminal import Terminal
from bot.config import Settings
from bot.delivery import Report
from bot.hours import Hours
from bot.receipt import receipt, unsettled
from bot.records import Chat, Receipt, Row, Standing
from bot.store import opened

STATES = ("sent", "scheduled", "pending", "stale", "failed", "unconfirmed")


async def deliver_once(settings: Settings) -> int:
    """Do one run now and say how it went; give the exit code."""
    async with assembled(settings) as paperboy:
        paperboy.stop_on_signals()
        say = Terminal(stderr=True, soft_wrap=True, highlight=False, emoji=False, markup=False).print
        async with paperboy.store.delivering(paperboy.stopping, say) as mine:
            errors = await paperboy.plan(at_once=True, resume=True) if mine else []
            for problem in [*problems(paperboy), *map(str, errors)]:
                say(problem)
            if mine:
                with _progress(await paperboy.store.open_rows()) as report:
                    await paperboy.drain(report)
                await paperboy.alarm.look()
        lines = await unsettled(paperboy.store, settings)
        for line in lines:
            say(line)
        return 2 if errors else 1 if lines else 0


def problems(paperboy: Paperboy) -> list[str]:
    return [what for source in paperboy.sources for what in source.problems.values()]


@contextmanager
def _progress(total: int) -> Iterator[Report]:
    """Report each settled row, a bar on a terminal, a line each elsewhere; then how many were sent."""
    console = Terminal(stderr=True)
    out = Terminal(soft_wrap=True, highlight=False, emoji=False, markup=False)
    sent = Counter[str]()
    with _bar(console, total) if console.is_terminal else _lines(out) as report:

        def count(chat: Chat, row: Row, state: str, why: str) -> None:
            sent[state] += 1
            report(chat, row, state, why)

        yield count
    messages = "1 message" if sent["sent"] == 1 else f"{sent['sent']} messages"
    out.print(f"{messages} sent" if sent else f"nothing sent yet, {total} wait" if total else "nothing new to send")


@contextmanager
def _lines(console: Terminal) -> Iterator[Report]:
    def line(chat: Chat, row: Row, state: str, why: str) -> None:
        console.print(f"{chat.channel} {chat.name} {row.key}: {state}{f': {why}' if why else ''}")

    yield line


@contextmanager
def _bar(console: Terminal, total: int) -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("delivering", total=total)

        def advance(chat: Chat, _row: Row, state: str, _why: str) -> None:
            bar.update(task, description=escape(f"{chat.channel} {chat.name}"), advance=state in ("sent", "failed"))

        yield advance


async def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print the receipt of the recent digests and the next run."""
    async with opened(settings.store.url) as store:
        digests = await receipt(store, settings)
    when = Hours.of(settings).next(datetime.now(UTC))
    if as_json:
        listed = [{**asdict(standing), "chats": list(map(asdict, lines))} for standing, lines in digests]
        json.dump({"digests": listed, "next_run": when.isoformat()}, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return
    console = Terminal(soft_wrap=True, highlight=False)
    for standing, lines in digests:
        _print_digest(console, standing, lines)
    if not digests:
        console.print("Nothing was delivered yet.")
    console.print(f"Next run: {when:%Y-%m-%d %H:%M} {settings.timezone}")


def _print_digest(console: Terminal, standing: Standing, receipts: list[Receipt]) -> None:
    reason = f": {standing.reason}" if standing.reason else ""
    papers = "1 paper" if standing.papers == 1 else f"{standing.papers} papers"
    title = f"{standing.name}, {papers}, {standing.state}{reason}"
    console.print(escape(title), style="bold")
    if receipts:
        given_up = ("discarded",) if any("discarded" in line.counts for line in receipts) else ()
        table = Table("chat", *STATES, *given_up, box=None, pad_edge=False)
        for line in receipts:
            counts = [str(line.counts.get(state, 0)) for state in (*STATES, *given_up)]
            table.add_row(escape(f"{line.channel} {line.chat}"), *counts)
        console.print(table)
    for line in receipts:
        for problem in line.problems:
            console.print(escape(f"  {line.channel} {line.chat}: {problem}"), style="yellow")
    console.print()
