"""Settle what is stuck: send it again, or give it up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.app.assembly import open_app
from bot.cli.console import plural, say
from bot.config.settings import Settings
from bot.database.engine import TO_PLAN
from bot.errors import SettingsError, Stopped
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.reports import Incident, Selection


async def retry(settings: Settings, which: Selection, *, unseen: bool) -> None:
    """Make what failed, is unconfirmed or held due again, and say what that is.

    The platform is asked about what is unconfirmed; if `unseen`, it is sent without asking.
    """
    async with open_ledger(settings.store.url) as ledger:
        await _check(ledger, which)
        count = await ledger.incidents.retry(which, unseen=unseen)
        posts = [] if which.chat else await ledger.incidents.release_held()
        await ledger.bots.tell(TO_PLAN)
    say(f"{plural(count, 'message')} will be {'sent' if unseen else 'tried'} again")
    for post in posts:
        say(f"{post.where} waits no longer: {post.why}")
    if count or posts:
        say("a running Paperboy does it at its next sweep, `paperboy deliver` does it now")


async def discard(settings: Settings, which: Selection, *, everything: bool) -> None:
    """Give up what failed, is unconfirmed or held, and say what that was.

    With `everything`, also what waits, and what the sources hold now.
    """
    if everything:
        given_up = await _everything(settings, which)
    else:
        async with open_ledger(settings.store.url) as ledger:
            await _check(ledger, which)
            given_up = await _given_up(ledger, which, waiting=False)
    for one in given_up:
        say(f"{one.where}: given up{f': {one.why}' if one.why else ''}")
    if not given_up:
        say("nothing to give up")


async def _everything(settings: Settings, which: Selection) -> list[Incident]:
    """Plan all that would be sent, then give it up."""
    async with open_app(settings) as app:
        await _check(app.ledger, which)
        app.stop_on_signals()
        with suppress(Stopped):
            async with app.ledger.delivery_lock(app.cycle.stopping, say):
                await app.cycle.plan(at_once=True, resume=False)
                return await _given_up(app.ledger, which, waiting=True)
        return []


async def _given_up(ledger: Ledger, which: Selection, *, waiting: bool) -> list[Incident]:
    rows = await ledger.incidents.discard(which, waiting=waiting)
    return rows if which.chat else [*rows, *await ledger.incidents.skip_held()]


async def _check(ledger: Ledger, which: Selection) -> None:
    """Refuse names that nobody knows: nothing would be settled, without a word."""
    known = await ledger.incidents.chats()
    if which.chat and not any(which.chat in names for names in known):
        listed = ", ".join(names[0] for names in known) or "none"
        raise SettingsError(f"{which.chat}: no such chat in the ledger; it knows: {listed}")
    if which.digest and not await ledger.incidents.knows(replace(which, key="")):
        raise SettingsError(f"{which.chat}: no digest {which.digest} there; {await _to_settle(ledger, which.chat)}")
    if which.key and not await ledger.incidents.knows(which):
        what = f"no message {which.key} of {which.digest} there"
        raise SettingsError(f"{which.chat}: {what}; {await _to_settle(ledger, which.chat)}")


async def _to_settle(ledger: Ledger, chat: str) -> str:
    stuck = await ledger.incidents.stuck(Selection(chat))
    listed = ", ".join(f"{one.digest} {one.key}" for one in stuck)
    return f"to be settled there: {listed}" if listed else "nothing is to be settled there"
