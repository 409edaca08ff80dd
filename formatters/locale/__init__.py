"""The bot's own phrases in each language; a missing one is a type error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

LANGUAGES = ("ko", "en")


@dataclass(frozen=True, slots=True, eq=False)  # there is one of each language
class Phrases:
    """The phrases of one language; comments name the fields of a template."""

    language: str
    day: Callable[[date], str]
    papers: Callable[[int], str]  # how many there are
    goal: str
    contribution: str
    result: str
    earlier: Callable[[date, date, str], str]  # the day of an earlier digest, today, its series or ""
    help: str
    which_paper: str  # {last}
    no_such_paper: str  # {number} {last}
    no_such_id: str  # {paper}
    no_such_title: str  # {words}
    no_such_day: str  # {day}
    paper_gone: str
    stands_above: str
    no_digest: str
    unknown_command: str  # {command}
    way_out: str  # from words that found nothing
    which_of: str
    which_list: str
    tap_one: str
    full_summary: str
    share: str
    paper_before: str  # {number}
    paper_after: str  # {number}
    papers_of_day: str
    blog_post: str
    copy: str
    previous: str
    next: str
    search_what: str
    found: Callable[[str, int], str]  # the words, how many papers
    nothing_found: str  # {words}
    stale_page: str
    welcome: str  # into a group or channel that administrators may subscribe
    welcome_members: str  # into one that members may subscribe
    subscribe: str
    subscribe_now: str
    unsubscribe: str
    subscribed: str  # {when}
    subscribed_now: str
    already_subscribed: str  # {when}
    unsubscribed: str
    not_subscribed: str
    administrators_only: str
    members_only: str  # who may subscribe a channel of Slack
    managers_only: str  # who may change its settings
    operators_only: str
    slow_down: str
    busy: str  # in a group or channel
    settings: str
    receives: str
    receives_not: str
    closed: str
    layout: str
    layouts: dict[str, str]  # layout to its name
    cards: str
    card_kinds: dict[str, str]  # "folded" and "short" to their names
    number_of_cards: str
    all_cards: str
    first_cards: Callable[[int], str]  # how many papers get a card
    how_many_cards: str
    own_language: str
    languages: dict[str, str]  # code to its name
    sound: str
    loud: str
    silent: str
    time: str
    when: str  # {at} {days} {zone}
    weekdays: tuple[str, ...]  # Monday first
    every_day: str
    set_time: str  # {example}
    choose_time: str
    sources: str
    choose_sources: str
    take: str
    leave: str
    last_source: str
    reset: str
    saved: str
    not_understood: str  # {word} {example}
    did_you_mean: str  # {near}
    status: str  # {digest} {papers}
    status_line: str  # {sent} {all} {chats}
    states: dict[str, str]  # state of a delivery to its name
    digest_states: dict[str, str]  # state of a digest to its name
    incidents: dict[str, str]  # kind of incident to the notification: {where} {why}
    incidents_over: dict[str, str]  # the same when it is over, if that is notified: {where}
    week: Callable[[int, int, int, int], str]  # digests of a week, chats, what is wrong now, readers who block the bot
    nothing_delivered: str
    paused: Callable[[int], str]  # how many chats are
    paused_chat: str  # {where} {since} {why}
    before: str  # since when a chat is paused where that is not known
    is_tried: str  # behind a paused chat to which sending is tried again
    blocked: Callable[[int], str]  # how many readers block the bot
    retry: str
    retried: Callable[[int], str]  # how many messages
    demo_hint: str
    demo_page: str  # with {address}
    demo_port: str  # with {wanted} and {port}
    commands: dict[str, str]  # name to what it does
    operator_commands: dict[str, str]


def phrases(language: str) -> Phrases:
    """Give the catalogue of a language; KeyError for one that does not exist."""
    from formatters.locale import en, ko

    return {"ko": ko.PHRASES, "en": en.PHRASES}[language]
