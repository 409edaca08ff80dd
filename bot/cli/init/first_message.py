"""The newest digest: shown as it would look, and its first paper sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import takewhile

from bot.app.assembly import App, open_app
from bot.channels import kit_of
from bot.cli.init.session import Session
from bot.config.settings import Settings
from bot.database.states import DeliveryState, DigestState
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from formatters.locale import phrases
from formatters.message import Message
from formatters.model import Digest
from formatters.terminal import TerminalFormatter


def show(session: Session, settings: Settings, channel: str, digest: Digest) -> None:
    """Print the first messages of a digest as a terminal shows them: of links their words."""
    said, edition = phrases(settings.language), kit_of(channel).usual_edition(settings).edition()
    shown = TerminalFormatter(said).digest(digest, edition)
    for message in shown[: _through_first_paper(shown)]:
        heading = session.said.headings[message.key.partition("/")[0]]
        session.tell("")
        session.console.rule(f"[dim]{heading}[/dim]", align="left", style="dim")
        session.console.print(str(message.body["markup"]))
    messages = kit_of(channel).make_formatter(said, False).digest(digest, edition)
    if (more := len(messages) - _through_first_paper(messages)) > 0:
        session.tell(session.said.more_messages(more))


def send(session: Session, settings: Settings, titles: Mapping[str, str]) -> None:
    """Send the index and the first paper of the newest digest to each chat, and say what became of them."""
    outcome = asyncio.run(_send(session, settings))
    for name, (is_sent, why) in outcome.items():
        title = titles.get(name, name)
        if is_sent:
            session.good(session.said.sent.format(chat=title))
        else:
            session.bad(f"{title}: {why}")
    if not outcome:
        session.tell(session.said.nothing_to_send.format(command=session.command("status")))


async def _send(session: Session, settings: Settings) -> dict[str, tuple[bool, str]]:
    """Plan as the first run does, and send no more than the first messages; give what became of them in each chat.

    They are rows of the ledger like any other: the whole digest is planned, for the chats of the settings alone, and
    waits for their hour, but for the first rows. So `run` or `deliver` sends the rest in order, nothing comes twice,
    and if this is killed amid a send, the next run finds out whether it arrived.
    """
    outcome: dict[str, tuple[bool, str]] = {}

    def note(chat: Chat, _row: QueuedDelivery, state: DeliveryState, why: str) -> None:
        outcome[chat.name] = (state == DeliveryState.SENT, why)

    async with (
        open_app(settings) as app,
        app.ledger.delivery_lock(app.cycle.stopping, session.tell),
        app.ledger.bots.taken(app.channels) as mine,
    ):
        for error in await app.cycle.plan(at_once=False, resume=False, release=False):
            session.bad(str(error))
        for source in app.cycle.sources:
            await _release_first(app, source.name)
        channels = {name: channel for name, channel in app.channels.items() if name in mine}
        dispatcher = app.cycle.dispatcher(note, channels=channels)
        await dispatcher.run()
        for problem in [*app.cycle.identification.problems, *app.cycle.broken_chats(dispatcher)]:
            session.bad(problem)
    return outcome


async def _release_first(app: App, source: str) -> None:
    """Let the first messages of the newest digest of a source go out now."""
    active = [one.name for one in await app.ledger.known_digests(source) if one.state is DigestState.ACTIVE]
    for name, channel in (pair for pair in app.channels.items() if active):
        digest = await app.ledger.digest(source, active[-1])
        messages = channel.formatter.digest(digest, kit_of(name).usual_edition(app.settings).edition())
        await app.ledger.release_first(source, active[-1], name, _through_first_paper(messages))


def _through_first_paper(messages: tuple[Message, ...]) -> int:
    """Count the messages of the index, which may be several, and that of the first paper."""
    return sum(1 for _ in takewhile(lambda one: one.key.startswith("index"), messages)) + 1
