"""/subscribe, /unsubscribe and /settings: what a chat receives; a change is committed before the answer."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation.context import Context, Response, choose_language
from bot.conversation.parsing.preferences import PreferenceChange, PreferenceError, parse_preferences
from bot.database.states import ChatState
from bot.delivery.hours import DeliveryHours
from formatters import pages
from formatters.locale import phrases
from formatters.page import Page

_NOW = {"now", "지금", "바로"}


async def subscribe(context: Context, argument: str) -> Response:
    """Let this chat receive the digest; "now" sends the newest at once."""
    if not await context.may_subscribe():
        return context.refuse(subscribing=True)
    now = argument.casefold() in _NOW
    if argument and not now:
        return context.reply_text(f"/subscribe – {context.phrases.commands['subscribe']}")
    lacks_newest = now and await _lacks_newest(context)
    if context.chat and context.chat.is_open and not lacks_newest:
        return context.reply_text(context.phrases.already_subscribed.format(when=context.hours_text))
    chat_id = await context.ensure_chat()
    await context.ledger.subscriptions.resume(chat_id)
    await context.ledger.subscriptions.subscribe(chat_id, context.layout, now=now)
    context.wake()
    usual = context.phrases.subscribed.format(when=context.hours_text)
    return context.reply_text(context.phrases.subscribed_now if lacks_newest else usual)


async def unsubscribe(context: Context, _: str) -> Response:
    """Let this chat receive nothing more."""
    if not await context.may_manage():
        return context.refuse()
    if not (context.chat and context.chat.receives):
        return context.reply_text(context.phrases.not_subscribed)
    await context.ledger.subscriptions.unsubscribe(context.chat.id)
    return context.reply_text(context.phrases.unsubscribed)


async def settings(context: Context, argument: str) -> Response:
    """Show what this chat receives, and change it."""
    try:
        change = _require_supported(parse_preferences(argument), context)
    except PreferenceError as error:
        return context.reply_text(pages.help_with_settings(error.word, error.near, context.phrases))
    if change == PreferenceChange():
        return context.reply_page(_page(context))
    if not await context.may_manage():
        return context.refuse()
    chat_id = await context.ensure_chat()
    await context.ledger.subscriptions.set_preferences(chat_id, context.layout, **_values(context, change))
    context.wake()
    return await _saved(context)


async def _saved(context: Context) -> Response:
    """Show the settings as they are now, in the language they may have changed to."""
    request = context.request
    chat = await context.ledger.subscriptions.find(request.channel, (request.address, *request.aliases))
    catalogue = phrases(choose_language(request, chat, context.settings.language))
    now = replace(context, chat=chat, phrases=catalogue, formatter=context.formatter.in_language(catalogue))
    return now.reply_page(_page(now, "" if request.from_button else catalogue.saved), toast=catalogue.saved)


async def _lacks_newest(context: Context) -> bool:
    archive = context.ledger.archive
    newest = await archive.newest_delivered()
    last = await archive.last_seen(context.chat.id) if context.chat else None
    return newest is not None and (last is None or last.day < newest.day)


def _require_supported(change: PreferenceChange, context: Context) -> PreferenceChange:
    """Refuse what the channel does not have."""
    layouts = context.kit.layouts
    if change.layout and change.layout not in layouts:
        raise PreferenceError(change.layout, near=layouts[0])
    if change.silent is not None and not context.kit.silent_messages:
        raise PreferenceError("silent" if change.silent else "loud")
    return change


def _values(context: Context, change: PreferenceChange) -> dict[str, object]:
    """Give the columns that change, with their new values."""
    defaults = {"layout": "", "language": context.first_language, "silent": 0, "schedule": ""} if change.reset else {}
    values: dict[str, object] = {
        "layout": change.layout,
        "language": change.language,
        "schedule": _schedule(context, change),
    }
    silent = {} if change.silent is None else {"silent": int(change.silent)}
    return defaults | {name: value for name, value in values.items() if value} | silent


def _schedule(context: Context, change: PreferenceChange) -> str:
    """Spell the new hours of a chat: what the change names, the rest as before; "" for no change."""
    if not (change.at or change.days or change.zone):
        return ""
    before = DeliveryHours.for_chat(
        context.settings, context.chat.schedule if context.chat and not change.reset else ""
    )
    return str(
        DeliveryHours(
            before.at if change.at is None else change.at, change.days or before.days, change.zone or before.zone
        )
    )


def _page(context: Context, note: str = "") -> Page:
    chat = context.chat
    silent = bool(chat and chat.silent) if context.kit.silent_messages else None
    layout = (chat.layout if chat else "") or context.layout
    state = chat.state if chat else ChatState.REMOVED
    preferences = pages.PreferencesView(
        receives=state != ChatState.REMOVED,
        closed=state == ChatState.PAUSED,
        layout=layout,
        language=context.language,
        silent=silent,
        hours=context.hours_text,
    )
    return pages.settings(preferences, context.phrases, context.kit.layouts, note)
