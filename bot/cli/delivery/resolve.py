"""Settle what is stuck: send it again, or give it up."""

from __future__ import annotations

from contextlib import suppress

from bot.app.assembly import open_app
from bot.cli.console import plural, say
from bot.config.settings import Settings
from bot.errors import SettingsError, Stopped
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records import Incident


async def retry(settings: Settings, chat: str, *, unseen: bool) -> None:
    """Make what failed, is unconfirmed or held due again, in one chat or all, and say what that is.

    The platform is asked about what is unconfirmed; if `unseen`, it is sent without asking.
    """
    async with open_ledger(settings.store.url) as ledger:
        await _check(ledger, chat)
        count = await ledger.incidents.retry(chat, unseen=unseen)
        posts = [] if chat else await ledger.incidents.release_held()
    say(f"{plural(count, 'message')} will be {'sent' if unseen else 'tried'} again")
    for post in posts:
        say(f"{post.where} waits no longer: {post.why}")
    if count or posts:
        say("a running Paperboy does it at its next sweep, `paperboy deliver` does it now")


async def discard(settings: Settings, chat: str, *, everything: bool) -> None:
    """Give up what failed, is unconfirmed or held, in one chat or all, and say what that was.

    With `everything`, also what waits, and what the sources hold now.
    """
    if everything:
        given_up = await _everything(settings, chat)
    else:
        async with open_ledger(settings.store.url) as ledger:
            await _check(ledger, chat)
            given_up = await _given_up(ledger, chat, waiting=False)
    for one in given_up:
        say(f"{one.where}: given up{f': {one.why}' if one.why else ''}")
    if not given_up:
        say("nothing to give up")


async def _everything(settings: Settings, chat: str) -> list[Incident]:
    """Plan all that would be sent, then give it up."""
    async with open_app(settings) as app:
        await _check(app.ledger, chat)
        app.stop_on_signals()
        with suppress(Stopped):
            async with app.ledger.delivery_lock(app.cycle.stopping, say):
                await app.cycle.plan(at_once=True, resume=False)
                return await _given_up(app.ledger, chat, waiting=True)
        return []


async def _given_up(ledger: Ledger, chat: str, *, waiting: bool) -> list[Incident]:
    rows = await ledger.incidents.discard(chat, waiting=waiting)
    return rows if chat else [*rows, *await ledger.incidents.skip_held()]


async def _check(ledger: Ledger, chat: str) -> None:
    """Refuse a chat that nobody knows: nothing would be settled, without a word."""
    known = await ledger.incidents.chats()
    if chat and not any(chat in names for names in known):
        listed = ", ".join(name for name, _ in known) or "none"
        raise SettingsError(f"{chat}: no such chat in the ledger; it knows: {listed}")
