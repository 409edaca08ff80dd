"""The pages that readers get: lists of papers, choices, settings, the status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial

from formatters import compose, lines
from formatters.compose import BOLD, GAP, LINE
from formatters.locale import Phrases
from formatters.model import Digest, Paper
from formatters.page import Button, Item, Page, Rows, SearchHit, in_rows, reference
from formatters.spans import Span, Spans, isolated, shorten

PAPERS_ON_A_PAGE = 20
HITS_ON_A_PAGE = 5
_LONGEST_TITLE = 200  # among others: a page of them fits one message on every channel, emoji throughout
_LONGEST_NAME = 40
_HOURS = (time(7), time(8, 30), time(12, 30), time(18))
_NUMBERS = (3, 5, 10, 20, 0)
_EXAMPLE = "/settings 08:00 Asia/Seoul mon-fri"


@dataclass(frozen=True, slots=True)
class PreferencesView:
    """What a chat receives, and how."""

    receives: bool
    closed: bool  # messages cannot be sent to it
    layout: str
    language: str
    silent: bool | None  # None where the platform has no silent messages
    hours: str
    sources: Sequence[str] = ()  # whose digests it receives; none where there is nothing to choose
    cards: str = ""  # "folded" or "short", empty where its layout folds nothing
    most_cards: int | None = None  # how many papers get a card, 0: all; None where its layout has no cards


def papers(digest: Digest, phrases: Phrases, page: int, source: str = "") -> Page:
    """List the papers of a digest, a button for each; `source` tells it from others of its day."""
    start = (page - 1) * PAPERS_ON_A_PAGE
    shown = digest.papers[start : start + PAPERS_ON_A_PAGE]
    line, typed = (lines.spell_papers(digest.day, one) for one in (lines.source_id(source) if source else "", source))
    more = Turn(line, typed, page, start + len(shown) < len(digest.papers))
    head = (*compose.head(digest, phrases), GAP, Span(phrases.tap_one))
    items = tuple(_line(full(digest, paper, phrases, source)) for paper in shown)
    return Page(head, items, _turns(more, phrases), wide=True)


def hits(title: str, found: Sequence[SearchHit], phrases: Phrases, turn: Turn) -> Page:
    """List papers of the archive: day, title and a sentence each."""
    first = (turn.page - 1) * HITS_ON_A_PAGE + 1
    items = tuple(_hit(hit, f"{n}", phrases) for n, hit in enumerate(found, first))
    return Page((Span(title, styles=BOLD),), items, _turns(turn, phrases))


def choice(found: Sequence[SearchHit], phrases: Phrases) -> Page:
    """Offer several papers that fit what was typed."""
    items = tuple(_choice(hit, phrases) for hit in found)
    return Page((Span(phrases.which_of, styles=BOLD),), items, wide=True)


def lists(found: Sequence[tuple[str, Digest]], phrases: Phrases) -> Page:
    """Offer the lists of several digests, each with its source."""
    series = [digest.series for _, digest in found]
    items = tuple(_list(source, digest, phrases, named=series.count(digest.series) > 1) for source, digest in found)
    return Page((Span(phrases.which_list, styles=BOLD),), items, wide=True)


def stands_above(digest: Digest, paper: Paper, phrases: Phrases) -> Page:
    """Say that a paper was given in this chat already, with a button that gives it all the same."""
    title = f"{paper.number}. {isolated(shorten(paper.title, _LONGEST_TITLE))}"
    button = _full(phrases.full_summary, reference(digest, paper), paper.number, digest.day, phrases)
    return Page((Span(phrases.stands_above),), (Item((Span(title, styles=BOLD),), button),))


def suggestion(text: str, typed: str, line: str, phrases: Phrases) -> Page:
    """Say that a line was not understood, and offer the one that may have been meant: all of it, else its command."""
    fits = len(line.encode()) <= lines.LONGEST
    typed, line = (typed, line) if fits else (typed.partition(" ")[0], line.partition(" ")[0])
    said = f"{text}\n{phrases.did_you_mean.format(near=isolated(typed))}"
    return Page((Span(said),), rows=((Button(typed, line, typed),),))


def rest(numbers: Sequence[int], day: date, source: str) -> Rows:
    """Offer the next of several papers, since not all were given at once."""
    ids, typed = (lines.spell_several(numbers, day, one) for one in (lines.source_id(source) if source else "", source))
    label = f"{numbers[0]}–{numbers[-1]}" if numbers[1:] else f"{numbers[0]}"
    return ((Button(f"{label} ▶", ids, typed),),)


def days(text: str, near: Sequence[date], phrases: Phrases, number: int | None = None) -> Page:
    """Offer the days nearest to one that has no digest."""
    spell = lines.spell_papers if number is None else partial(lines.spell_numbered, number)
    return Page((Span(text),), rows=tuple((Button(phrases.day(day), spell(day)),) for day in near))


def welcome(phrases: Phrases, *, members: bool) -> Page:
    """Greet a group or channel, with what its administrators, or all of its members, may press."""
    return start(phrases.welcome_members if members else phrases.welcome, phrases)


def settings(preferences: PreferencesView, phrases: Phrases, layouts: Sequence[str], note: str = "") -> Page:
    """Show what a chat receives, with a button for each change."""
    state = phrases.closed if preferences.closed else phrases.receives if preferences.receives else phrases.receives_not
    sound = "" if preferences.silent is None else phrases.silent if preferences.silent else phrases.loud
    facts = (
        (phrases.sources, ", ".join(map(isolated, preferences.sources))),
        (phrases.layout, phrases.layouts[preferences.layout]),
        (phrases.cards, phrases.card_kinds.get(preferences.cards, "")),
        (phrases.number_of_cards, _count(preferences.most_cards, phrases)),
        (phrases.own_language, phrases.languages[preferences.language]),
        (phrases.sound, sound),
        (phrases.time, preferences.hours),
    )
    shown = [span for name, fact in facts if fact for span in (LINE, Span(f"{name}: "), Span(fact, styles=BOLD))]
    title = Span(phrases.settings, styles=BOLD)
    head = (*_note(note), title, LINE, Span(state), *shown, GAP, Span(phrases.set_time.format(example=_EXAMPLE)))
    return Page(head, rows=_choices(preferences, phrases, layouts))


def sources(takes: Mapping[str, bool], phrases: Phrases) -> Page:
    """Show of which sources a chat receives, with a button for each; the last one that it takes has none."""
    shown = [Span(f"{LINE.text}{'✓' if taken else '–'} {isolated(name)}") for name, taken in takes.items()]
    rows = [
        _source(name, phrases, take=not taken)
        for name, taken in takes.items()
        if not taken or list(takes.values()).count(True) > 1
    ]
    back = Button(phrases.settings, lines.SETTINGS)
    return Page((Span(phrases.sources, styles=BOLD), *shown), rows=(*rows, (back,)))


def hours(now: str, phrases: Phrases) -> Page:
    """Show when digests come, with buttons for the times that most people choose."""
    keys = [Button(f"{at:%H:%M}", lines.spell_hour(at)) for at in _HOURS]
    head = (Span(phrases.time, styles=BOLD), LINE, Span(now), GAP, Span(phrases.set_time.format(example=_EXAMPLE)))
    return Page(head, rows=_in_pairs(keys, phrases))


def number_of_cards(now: int, phrases: Phrases) -> Page:
    """Show how many papers get a card, with buttons for other numbers."""
    keys = [Button(_count(one, phrases), lines.spell_most_cards(one)) for one in _NUMBERS if one != now]
    shown = (Span(phrases.number_of_cards, styles=BOLD), LINE, Span(_count(now, phrases)))
    return Page((*shown, GAP, Span(phrases.how_many_cards)), rows=_in_pairs(keys, phrases))


def start(text: str, phrases: Phrases) -> Page:
    """Greet somebody who does not receive anything yet, with buttons to subscribe."""
    now = Button(phrases.subscribe_now, lines.SUBSCRIBE_NOW)
    return Page((Span(text),), rows=((now,), (Button(phrases.subscribe, lines.SUBSCRIBE),)))


def status(text_lines: Sequence[str], phrases: Phrases, *, stuck: bool) -> Page:
    """Show the status of digests, with a button to send again what is stuck."""
    text = "\n".join(text_lines).strip()
    return Page((Span(text),), rows=((Button(phrases.retry, lines.RETRY),),) if stuck else ())


def help_with_settings(word: str, near: str, phrases: Phrases) -> str:
    """Say which word of `/settings` was not understood."""
    problem = phrases.not_understood.format(word=word, example=_EXAMPLE)
    return f"{problem}\n{phrases.did_you_mean.format(near=near)}" if near else problem


def full(digest: Digest, paper: Paper, phrases: Phrases, source: str = "") -> Button:
    """Make a button that gives a paper in full."""
    title = f"{paper.number}. {isolated(shorten(paper.title, _LONGEST_TITLE))}"
    return _full(title, reference(digest, paper), paper.number, digest.day, phrases, source)


def hours_text(at: time, weekdays: Sequence[int], zone: str, phrases: Phrases) -> str:
    """Say at which time of which days digests come."""
    names = [phrases.weekdays[day] for day in weekdays]
    in_a_row = len(names) > 2 and weekdays[-1] - weekdays[0] == len(names) - 1
    some = f"{names[0]}–{names[-1]}" if in_a_row else ", ".join(names)
    days = phrases.every_day if len(names) == len(phrases.weekdays) else some
    return phrases.when.format(at=f"{at:%H:%M}", days=days, zone=zone)


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page of a list is shown, and how to ask for the others."""

    line: str  # the command that gives it, without the page
    typed: str  # the same as a person types it
    page: int
    more: bool


def _turns(turn: Turn, phrases: Phrases) -> tuple[tuple[Button, ...], ...]:
    back = [(phrases.previous, turn.page - 1)] if turn.page > 1 else []
    on = [(phrases.next, turn.page + 1)] if turn.more else []
    row = [
        Button(label, lines.spell_page(turn.line, page), lines.spell_page(turn.typed, page))
        for label, page in (*back, *on)
    ]
    return (tuple(row),) if row else ()


def _line(button: Button) -> Item:
    return Item((Span(button.label),), button)


def _list(source: str, digest: Digest, phrases: Phrases, *, named: bool) -> Item:
    series = f"{digest.series} ({source})" if named else digest.series
    count = phrases.papers(len(digest.papers))
    label = f"{isolated(shorten(series, _LONGEST_TITLE))} · {phrases.day(digest.day)} · {count}"
    line, typed = (lines.spell_papers(digest.day, one) for one in (lines.source_id(source), source))
    return _line(Button(label, line, typed, short=count))


def _source(name: str, phrases: Phrases, *, take: bool) -> tuple[Button]:
    line, typed = (lines.spell_source(one, take=take) for one in (lines.source_id(name), name))
    label = f"{isolated(shorten(name, _LONGEST_NAME))} → {phrases.take if take else phrases.leave}"
    return (Button(label, line, typed),)


def _hit(hit: SearchHit, label: str, phrases: Phrases) -> Item:
    title = f"{label}. {isolated(shorten(hit.title, _LONGEST_TITLE))}"
    spans: Spans = (Span(title, styles=BOLD), LINE, Span(phrases.day(hit.day)))
    sentence = (LINE, Span(shorten(hit.line, compose.LONGEST_BRIEF))) if hit.line else ()
    return Item((*spans, *sentence), _full(label, hit.ref, hit.number, hit.day, phrases))


def _choice(hit: SearchHit, phrases: Phrases) -> Item:
    title = shorten(hit.title, _LONGEST_TITLE)
    button = _full(title, hit.ref, hit.number, hit.day, phrases, hit.source)
    return Item((Span(f"{isolated(title)} ({hit.day})"),), button)


def _full(label: str, ref: str, number: int, day: date, phrases: Phrases, source: str = "") -> Button:
    typed = lines.spell_numbered(number, day, source)
    return Button(label, lines.spell_paper(ref), typed, short=phrases.full_summary)


def _count(most: int | None, phrases: Phrases) -> str:
    return "" if most is None else phrases.first_cards(most) if most else phrases.all_cards


def _in_pairs(keys: Sequence[Button], phrases: Phrases) -> Rows:
    """Lay keys out two in a row, a telephone shows no more, and the way back to the settings below them."""
    return (*map(tuple, in_rows(keys, 2)), (Button(phrases.settings, lines.SETTINGS),))


def _note(note: str) -> Spans:
    return (Span(note), GAP) if note else ()


def _choices(preferences: PreferencesView, phrases: Phrases, layouts: Sequence[str]) -> tuple[tuple[Button, ...], ...]:
    """Offer every value that is not chosen yet, a row for each."""
    others = [
        *(
            (phrases.layout, phrases.layouts[one], lines.spell_layout(one))
            for one in layouts
            if one != preferences.layout
        ),
        *(
            (phrases.own_language, name, lines.spell_language(one))
            for one, name in phrases.languages.items()
            if one != preferences.language
        ),
        *(
            (phrases.cards, name, lines.spell_cards(one))
            for one, name in phrases.card_kinds.items()
            if preferences.cards and one != preferences.cards
        ),
        *_sounds(preferences, phrases),
    ]
    choose = [
        Button(phrases.choose_time, lines.HOURS),
        *([] if preferences.most_cards is None else [Button(phrases.number_of_cards, lines.CARDS)]),
        *([Button(phrases.choose_sources, lines.SOURCES)] if preferences.sources else []),
    ]
    rows = [*((Button(f"{name} → {choice}", line),) for name, choice, line in others), *map(tuple, in_rows(choose, 2))]
    leave, join = Button(phrases.unsubscribe, lines.UNSUBSCRIBE), Button(phrases.subscribe, lines.SUBSCRIBE)
    return (*rows, (Button(phrases.reset, lines.RESET), leave if preferences.receives else join))


def _sounds(preferences: PreferencesView, phrases: Phrases) -> list[tuple[str, str, str]]:
    """Offer the other sound, where the platform has silent messages."""
    if preferences.silent is None:
        return []
    other = phrases.loud if preferences.silent else phrases.silent
    return [(phrases.sound, other, lines.spell_sound(silent=not preferences.silent))]
