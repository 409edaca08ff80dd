"""What an operator does by hand with a whole digest: send it, drop it, recall it."""

from __future__ import annotations

import sys
from enum import IntEnum

import typer

from bot.app.assembly import open_app
from bot.cli.console import plural, say, warn
from bot.config.settings import Settings
from bot.database.engine import TO_DISPATCH
from bot.delivery.planner import plan_by_hand
from bot.errors import SettingsError, Stopped
from bot.ledger.by_hand import MeantDigest, Recalled
from bot.ledger.ledger import Ledger, open_ledger

_LISTED = 10  # digests that are named when none or several are meant
_NEXT = "a running Paperboy does it at its next sweep, `paperboy deliver` does it now"


class ExitCode(IntEnum):
    """How it ended."""

    DONE = 0
    NOT_DONE = 1  # the operator said no, or stopped it


async def send(settings: Settings, said: str, chat: str) -> ExitCode:
    """Queue a digest for a chat, "" for all that receive, and say what comes."""
    async with open_app(settings) as app:
        app.stop_on_signals()
        one, to = await _meant(app.ledger, said), await _chat(app.ledger, chat)
        _require_known(one)
        await _require_papers(app.ledger, one, chat)
        formatters = {name: channel.formatter for name, channel in app.channels.items()}
        try:
            async with app.ledger.delivery_lock(app.cycle.stopping, warn):
                count = await plan_by_hand(app.ledger, one.source, one.name, formatters, to)
        except Stopped:
            return ExitCode.NOT_DONE
    if not count:
        say(f"{one}: nothing to send; {chat or 'every chat that receives'} has it, or will have it")
        return ExitCode.DONE
    say(f"{one}: {plural(count, 'message')} will be sent{'' if chat else ', and it is active'}")
    say(_NEXT)
    return ExitCode.DONE


async def drop(settings: Settings, said: str, *, yes: bool) -> ExitCode:
    """Drop a digest, and say what is not sent any more and what stays."""
    async with open_ledger(settings.store.url) as ledger:
        one = await _meant(ledger, said)
        if not _agreed(f"Drop {one} until its post changes?", yes=yes):
            return ExitCode.NOT_DONE
        unsent, staying = await ledger.by_hand.drop(one.id)
    say(f"{one}: dropped; {'it never comes again' if one.is_over else 'it is new when its post changes'}")
    if unsent:
        say(f"{plural(unsent, 'message')} that waited {'is' if unsent == 1 else 'are'} not sent")
    if staying:
        say(f"{plural(staying, 'message')} stay in the chats; `paperboy recall` deletes them")
    return ExitCode.DONE


async def recall(settings: Settings, said: str, chat: str, *, yes: bool) -> ExitCode:
    """Let the messages of a digest be deleted, and say what becomes of them."""
    async with open_ledger(settings.store.url) as ledger:
        one, where = await _meant(ledger, said), await _chat(ledger, chat)
        _require_known(one)
        if not _agreed(f"Delete the messages of {one} in {chat or 'all chats'}?", yes=yes):
            return ExitCode.NOT_DONE
        recalled = await ledger.by_hand.recall(one.id, where)
        await ledger.bots.tell(TO_DISPATCH)
    for line in _lines(recalled):
        say(f"{one}: {line}")
    if not chat:
        say(f"{one}: dropped; it is new, and sent again where it was deleted, when its post changes")
    if recalled.deleted or recalled.unconfirmed:
        say(_NEXT)
    return ExitCode.DONE


def _lines(recalled: Recalled) -> list[str]:
    told = (
        (recalled.deleted, "to be deleted"),
        (recalled.unconfirmed, "under way or unconfirmed, to be deleted where found"),
        (recalled.unsent, "waited, not sent any more"),
        (recalled.stay, "in chats that receive no more or moved since; these stay"),
    )
    return [f"{plural(count, 'message')} {what}" for count, what in told if count] or ["no message stands in a chat"]


def _agreed(question: str, *, yes: bool) -> bool:
    """Ask whoever sits at a terminal; what a script says is meant."""
    return yes or not sys.stdin.isatty() or typer.confirm(question)


async def _meant(ledger: Ledger, said: str) -> MeantDigest:
    """Find the digest that is meant; SettingsError where none or several fit."""
    found = await ledger.by_hand.find(said)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f'"{one}"' for one in found[:_LISTED] or await ledger.by_hand.newest(_LISTED))
    if found:
        raise SettingsError(f"{said}: several digests fit; name one of them: {listed}")
    raise SettingsError(f"{said}: no such digest in the ledger; its newest: {listed or 'none'}")


async def _chat(ledger: Ledger, said: str) -> int:
    """Give the id of the chat that is meant, 0 for all; SettingsError where none or several fit."""
    if not said:
        return 0
    known = await ledger.incidents.chats()
    found = [names[0] for names in known if said in names]
    if len(found) == 1:
        return await ledger.by_hand.chat(found[0])
    listed = ", ".join(found or [names[0] for names in known]) or "none"
    what = "several chats fit; name one of them" if found else "no such chat in the ledger; it knows"
    raise SettingsError(f"{said}: {what}: {listed}")


def _require_known(one: MeantDigest) -> None:
    """Refuse a digest of which the ledger has forgotten where it stands."""
    if one.is_over:
        why = "it is older than schedule.keep, so it is not known any more which chats hold it"
        raise SettingsError(f"{one}: {why}; its papers stay in the archive")


async def _require_papers(ledger: Ledger, one: MeantDigest, chat: str) -> None:
    """Refuse what cannot be sent: a post without papers, and to a single chat what was dropped for all."""
    known = next(it for it in await ledger.known_digests(one.source) if it.name == one.name)
    if not known.papers:
        raise SettingsError(f"{one}: it has no papers")
    if chat and known.is_dropped:
        raise SettingsError(f"{one}: it was dropped; `paperboy send` without a chat takes that back")
