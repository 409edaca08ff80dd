"""What answers with buttons say: lists of papers, choices, settings, the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial

from formatters import compose, lines
from formatters.compose import BOLD, GAP, LINE
from formatters.locale import Phrases
from formatters.model import Digest, Paper
from formatters.page import Button, Item, Page, SearchHit, reference
from formatters.spans import Span, Spans, shorten

PAPERS_ON_A_PAGE = 20
HITS_ON_A_PAGE = 5
_LONGEST_TITLE = 200  # among others: a page of them fits one message on every channel, emoji throughout
_EXAMPLE = "/settings 08:00 Asia/Seoul mon-fri"


@dataclass(frozen=True, slots=True)
class PreferencesView:
    """What a chat receives, and how."""

    receives: bool
    closed: bool  # it cannot be written to
    layout: str
    language: str
    silent: bool | None  # None where the platform has no silent messages
    hours: str


def papers(digest: Digest, words: Phrases, page: int) -> Page:
    """List the papers of a digest, a line to tap for each."""
    start = (page - 1) * PAPERS_ON_A_PAGE
    shown = digest.papers[start : start + PAPERS_ON_A_PAGE]
    line = lines.spell_papers(digest.day)
    more = Turn(line, line, page, start + len(shown) < len(digest.papers))
    head = (*compose.head(digest, words), GAP, Span(words.tap_one))
    return Page(head, tuple(_line(full(digest, paper, words)) for paper in shown), _turns(more, words), wide=True)


def hits(said: str, found: Sequence[SearchHit], words: Phrases, turn: Turn) -> Page:
    """List papers of the archive: day, title and a sentence each."""
    first = (turn.page - 1) * HITS_ON_A_PAGE + 1
    items = tuple(_hit(hit, f"{n}", words) for n, hit in enumerate(found, first))
    return Page((Span(said, styles=BOLD),), items, _turns(turn, words))


def choice(found: Sequence[SearchHit], words: Phrases) -> Page:
    """Offer several papers that fit what was typed."""
    items = tuple(_choice(hit, words) for hit in found)
    return Page((Span(words.which_of, styles=BOLD),), items, wide=True)


def days(text: str, near: Sequence[date], words: Phrases, number: int | None = None) -> Page:
    """Offer the days nearest to one that has no digest."""
    spell = lines.spell_papers if number is None else partial(lines.spell_numbered, number)
    return Page((Span(text),), rows=tuple((Button(words.day(day), spell(day)),) for day in near))


def welcome(words: Phrases) -> Page:
    """Greet a group or channel, with what its administrators may press."""
    return start(words.welcome, words)


def settings(preferences: PreferencesView, words: Phrases, layouts: Sequence[str], note: str = "") -> Page:
    """Show what a chat receives, with a button for all that can be chosen."""
    state = words.closed if preferences.closed else words.receives if preferences.receives else words.receives_not
    sound = "" if preferences.silent is None else words.silent if preferences.silent else words.loud
    facts = (
        (words.layout, words.layouts[preferences.layout]),
        (words.own_language, words.languages[preferences.language]),
        (words.sound, sound),
        (words.time, preferences.hours),
    )
    said = [span for name, fact in facts if fact for span in (LINE, Span(f"{name}: "), Span(fact, styles=BOLD))]
    title = Span(words.settings, styles=BOLD)
    head = (*_note(note), title, LINE, Span(state), *said, GAP, Span(words.set_time.format(example=_EXAMPLE)))
    return Page(head, rows=_choices(preferences, words, layouts))


def start(text: str, words: Phrases) -> Page:
    """Say who the bot is to one who does not receive anything yet."""
    now = Button(words.subscribe_now, lines.SUBSCRIBE_NOW)
    return Page((Span(text),), rows=((now,), (Button(words.subscribe, lines.SUBSCRIBE),)))


def status(said: Sequence[str], words: Phrases, *, stuck: bool) -> Page:
    """Show the receipt, with a button to send again what is stuck."""
    text = "\n".join(said).strip()
    return Page((Span(text),), rows=((Button(words.resend, lines.RETRY),),) if stuck else ())


def help_with_settings(word: str, near: str, words: Phrases) -> str:
    """Say which word of `/settings` was not understood."""
    said = words.not_understood.format(word=word, example=_EXAMPLE)
    return f"{said}\n{words.did_you_mean.format(near=near)}" if near else said


def full(digest: Digest, paper: Paper, words: Phrases) -> Button:
    """Make a button that gives a paper in full."""
    title = f"{paper.number}. {shorten(paper.title, _LONGEST_TITLE)}"
    return _full(title, reference(digest, paper), paper.number, digest.day, words)


def hours_text(at: time, weekdays: Sequence[int], zone: str, words: Phrases) -> str:
    """Say at which time of which days digests come."""
    names = [words.weekdays[day] for day in weekdays]
    in_a_row = len(names) > 2 and weekdays[-1] - weekdays[0] == len(names) - 1
    some = f"{names[0]}–{names[-1]}" if in_a_row else ", ".join(names)
    days = words.every_day if len(names) == len(words.weekdays) else some
    return words.when.format(at=f"{at:%H:%M}", days=days, zone=zone)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a list of several pages stands."""

    line: str  # the command that gives it, without the page
    typed: str  # the same as a person types it
    page: int
    more: bool


def _turns(turn: Turn, words: Phrases) -> tuple[tuple[Button, ...], ...]:
    back = [(words.previous, turn.page - 1)] if turn.page > 1 else []
    on = [(words.next, turn.page + 1)] if turn.more else []
    row = [
        Button(label, lines.spell_page(turn.line, page), lines.spell_page(turn.typed, page))
        for label, page in (*back, *on)
    ]
    return (tuple(row),) if row else ()


def _line(button: Button) -> Item:
    return Item((Span(button.label),), button)


def _hit(hit: SearchHit, label: str, words: Phrases) -> Item:
    title = f"{label}. {shorten(hit.title, _LONGEST_TITLE)}"
    spans: Spans = (Span(title, styles=BOLD), LINE, Span(words.day(hit.day)))
    said = (LINE, Span(shorten(hit.line, compose.LONGEST_BRIEF))) if hit.line else ()
    return Item((*spans, *said), _full(label, hit.ref, hit.number, hit.day, words))


def _choice(hit: SearchHit, words: Phrases) -> Item:
    title = shorten(hit.title, _LONGEST_TITLE)
    return Item((Span(f"{title} ({hit.day})"),), _full(title, hit.ref, hit.number, hit.day, words))


def _full(label: str, ref: str, number: int, day: date, words: Phrases) -> Button:
    return Button(label, lines.spell_paper(ref), lines.spell_numbered(number, day), short=words.full_summary)


def _note(note: str) -> Spans:
    return (Span(note), GAP) if note else ()


def _choices(preferences: PreferencesView, words: Phrases, layouts: Sequence[str]) -> tuple[tuple[Button, ...], ...]:
    """Offer all that is not chosen yet, a row for each."""
    others = [
        *((words.layout, words.layouts[one], lines.spell_layout(one)) for one in layouts if one != preferences.layout),
        *(
            (words.own_language, name, lines.spell_language(one))
            for one, name in words.languages.items()
            if one != preferences.language
        ),
        *_sounds(preferences, words),
    ]
    rows = [(Button(f"{name} → {choice}", line),) for name, choice, line in others]
    leave, join = Button(words.unsubscribe, lines.UNSUBSCRIBE), Button(words.subscribe, lines.SUBSCRIBE)
    return (*rows, (Button(words.reset, lines.RESET), leave if preferences.receives else join))


def _sounds(wishes: PreferencesView, words: Phrases) -> list[tuple[str, str, str]]:
    """Offer the other sound, where the platform has silent messages."""
    if wishes.silent is None:
        return []
    other = words.loud if wishes.silent else words.silent
    return [(words.sound, other, lines.spell_sound(silent=not wishes.silent))]
