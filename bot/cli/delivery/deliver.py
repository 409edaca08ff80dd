"""What an operator sees: one run now, with its progress and what it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.app.assembly import open_app
from bot.app.cycle import DeliveryCycle
from bot.cli.console import Console, plural, say, warn
from bot.config.settings import Settings
from bot.database.states import DeliveryState
from bot.delivery.dispatcher import OnSettled
from bot.errors import SourceError, Stopped
from bot.ledger.records import Chat, QueuedDelivery
from bot.monitoring.status import unsettled_lines


async def deliver_once(settings: Settings) -> int:
    """Do one run now and say how it went; give the exit code."""
    async with open_app(settings) as app:
        app.stop_on_signals()
        errors: list[SourceError] = []
        with suppress(Stopped):
            async with app.ledger.delivery_lock(app.cycle.stopping, warn):
                errors = await _plan(app.cycle)
                with _progress(await app.ledger.open_rows()) as report:
                    broken = await app.cycle.dispatch(report)
                for problem in broken:
                    warn(problem)
                await app.notifier.notify()
        lines = await unsettled_lines(app.ledger, settings)
        for line in lines:
            warn(line)
        return 2 if errors else 1 if lines else 0


async def _plan(cycle: DeliveryCycle) -> list[SourceError]:
    """Plan what shall be sent, and say what is wrong with sources and posts."""
    errors = await cycle.plan(at_once=True, resume=True)
    for problem in [*cycle.problems(), *map(str, errors)]:
        warn(problem)
    return errors


@contextmanager
def _progress(total: int) -> Iterator[OnSettled]:
    """Report each settled row, a bar on a terminal, a line each elsewhere; then how many were sent and edited."""
    console = Console(stderr=True, soft_wrap=False)
    done = Counter[str]()
    with _bar(console, total) if console.is_terminal else _lines() as report:

        def count(chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
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
def _lines() -> Iterator[OnSettled]:
    def line(chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
        say(f"{chat.channel} {chat.name} {row.key}: {state}{f': {why}' if why else ''}")

    yield line


@contextmanager
def _bar(console: Console, total: int) -> Iterator[OnSettled]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("delivering", total=total)

        def advance(chat: Chat, _row: QueuedDelivery, state: DeliveryState, _why: str) -> None:
            bar.update(
                task,
                description=escape(f"{chat.channel} {chat.name}"),
                advance=state in (DeliveryState.SENT, DeliveryState.FAILED),
            )

        yield advance
