"""English."""

from __future__ import annotations

from datetime import date

from formatters.locale import Words

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _day(day: date) -> str:
    """Spell a day without `strftime`, whose words follow the machine's locale."""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


WORDS = Words(
    language="en",
    day=_day,
    papers=lambda count: "1 paper" if count == 1 else f"{count} papers",
    goal="Goal",
    contribution="Contribution",
    result="Result",
    help="I am Paperboy and bring you the summaries of new papers every day. Talk to me like this:",
    which_paper="Which paper? Give a number from 1 to {last}, for example /paper 1",
    no_such_paper="There is no paper {number}. Numbers go from 1 to {last}.",
    no_digest="There are no papers yet.",
    unknown_command="I do not know {command}. Send /help to see what I can do.",
    demo_hint="Try /paper 3, /papers, /help. Ctrl-D ends.",
    commands={
        "paper": "full summary of one paper, for example /paper 3",
        "papers": "the newest index",
        "help": "this help",
    },
)
