"""/subscribe, /unsubscribe and /settings: what a chat receives; a change is committed before the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.conversation.commands.newest import lacks_newest
from bot.conversation.context import Context, Response, choose_language
from bot.conversation.parsing.preferences import (
    PreferenceChange,
    PreferenceError,
    parse_choice_page,
    parse_preferences,
)
from bot.conversation.parsing.sources import SourceChoice, parse_source_choice
from bot.database.states import ChatState
from bot.delivery.hours import DeliveryHours
from bot.ledger.chats.sources import spell
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
    is_new = now and await lacks_newest(context)
    if context.chat and context.chat.is_open and not is_new:
        return context.reply_text(context.phrases.already_subscribed.format(when=context.hours_text))
    chat_id = await context.ensure_chat()
    await context.ledger.subscriptions.resume(chat_id)
    if own := _own_zone(context):
        await context.ledger.subscriptions.set_preferences(chat_id, context.usual_edition, schedule=str(own))
    await context.ledger.subscriptions.subscribe(chat_id, context.usual_edition, now=now)
    context.wake()
    usual = context.phrases.subscribed.format(when=(await _renewed(context)).hours_text)
    return context.reply_text(context.phrases.subscribed_now if is_new else usual)


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
        if len(context.sources) > 1 and (choice := parse_source_choice(argument, context.sources)):
            return await _sources(context, choice)
        if page := parse_choice_page(argument):
            return context.reply_page(_CHOICES[page](context))
        change = _require_supported(parse_preferences(argument), context)
    except PreferenceError as error:
        return context.reply_text(pages.help_with_settings(error.word, error.near, context.phrases))
    if change == PreferenceChange():
        return context.reply_page(_page(context))
    if not await context.may_manage():
        return context.refuse()
    chat_id = await context.ensure_chat()
    await context.ledger.subscriptions.set_preferences(chat_id, context.usual_edition, **_values(context, change))
    context.wake()
    return await _saved(context)


async def _sources(context: Context, choice: SourceChoice) -> Response:
    """Show of which sources this chat receives, and take one of them, or give one up."""
    if not choice.name:
        return context.reply_page(_sources_page(context))
    if not await context.may_manage():
        return context.refuse()
    before = context.takes
    chosen = [name for name in context.sources if (choice.takes if name == choice.name else name in before)]
    if not chosen:
        return context.reply_text(context.phrases.last_source)
    spelled = "" if chosen == context.usual_sources else spell(chosen)
    chat_id = await context.ensure_chat()
    await context.ledger.subscriptions.set_preferences(chat_id, context.usual_edition, sources=spelled)
    context.wake()
    now = await _renewed(context)
    return now.reply_page(_sources_page(now), toast=now.phrases.saved)


def _sources_page(context: Context) -> Page:
    return pages.sources({name: name in context.takes for name in context.sources}, context.phrases)


async def _saved(context: Context) -> Response:
    """Show the settings as they are now."""
    now = await _renewed(context)
    saved = now.phrases.saved
    return now.reply_page(_page(now, "" if context.request.from_button else saved), toast=saved)


async def _renewed(context: Context) -> Context:
    """Give the context after a change, in the language that may have changed."""
    request = context.request
    chat = await context.ledger.subscriptions.find(request.channel, (request.address, *request.aliases))
    catalogue = phrases(choose_language(request, chat, context.settings.language))
    return replace(context, chat=chat, phrases=catalogue, formatter=context.formatter.in_language(catalogue))


def _require_supported(change: PreferenceChange, context: Context) -> PreferenceChange:
    """Refuse what the channel does not have."""
    layouts = context.kit.layouts
    if change.layout and change.layout not in layouts:
        raise PreferenceError(change.layout, near=layouts[0])
    if change.cards and not context.kit.foldable:
        raise PreferenceError(change.cards)
    if change.silent is not None and not context.kit.silent_messages:
        raise PreferenceError("silent" if change.silent else "loud")
    return change


def _values(context: Context, change: PreferenceChange) -> dict[str, object]:
    """Give the columns that change, with their new values."""
    as_set = {"layout": "", "language": context.first_language, "silent": 0, "schedule": "", "sources": ""}
    as_set |= {"cards": "", "most_cards": 0}
    values: dict[str, object] = {
        "layout": change.layout,
        "cards": change.cards,
        "language": change.language,
        "schedule": _schedule(context, change),
    }
    numbers = {"silent": change.silent, "most_cards": change.most_cards}
    counted = {name: int(value) for name, value in numbers.items() if value is not None}
    return (as_set if change.reset else {}) | {name: value for name, value in values.items() if value} | counted


def _schedule(context: Context, change: PreferenceChange) -> str:
    """Spell the new hours of a chat: what the change names, the rest as before; "" for no change."""
    if not (change.at or change.days or change.zone):
        return ""
    chosen = context.chat.schedule if context.chat and not change.reset else ""
    before = DeliveryHours.for_chat(context.settings, chosen)
    if not chosen and context.request.zone:
        before = replace(before, zone=context.request.zone)
    return str(
        DeliveryHours(
            before.at if change.at is None else change.at, change.days or before.days, change.zone or before.zone
        )
    )


def _own_zone(context: Context) -> DeliveryHours | None:
    """Give the usual hours in the reader's zone, where it is another and the chat chose no hours."""
    usual, zone = DeliveryHours.for_chat(context.settings), context.request.zone
    has_chosen = bool(context.chat and context.chat.schedule)
    return None if has_chosen or zone in ("", usual.zone) else replace(usual, zone=zone)


def _page(context: Context, note: str = "") -> Page:
    chat = context.chat
    silent = bool(chat and chat.silent) if context.kit.silent_messages else None
    layout = (chat.layout if chat else "") or context.usual_edition.layout
    state, usual = chat.state if chat else ChatState.REMOVED, context.usual_edition
    preferences = pages.PreferencesView(
        receives=state != ChatState.REMOVED,
        closed=state == ChatState.PAUSED,
        layout=layout,
        language=context.language,
        silent=silent,
        hours=context.hours_text,
        sources=context.takes if len(context.sources) > 1 else (),
        cards=usual.cards_in(layout, chat.cards if chat else ""),
        most_cards=_most_cards(context) if usual.has_cards(layout) else None,
    )
    return pages.settings(preferences, context.phrases, context.kit.layouts, note)


def _most_cards(context: Context) -> int:
    return context.chat.most_cards if context.chat else 0


# The pages to choose on, by what `parse_choice_page` calls them.
_CHOICES: Mapping[str, Callable[[Context], Page]] = {
    "hours": lambda context: pages.hours(context.hours_text, context.phrases),
    "cards": lambda context: pages.number_of_cards(_most_cards(context), context.phrases),
}
