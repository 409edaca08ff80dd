"""/status, for operators: what is wrong with sources and chats, and how far the newest digests were delivered."""

from __future__ import annotations

from bot.conversation.context import Context, Response
from bot.database.states import DeliveryState, IncidentKind
from bot.ledger.records.reports import DigestStatus, PausedTotals, Totals
from bot.monitoring.status import paused_line, totals
from formatters import pages
from formatters.locale import Phrases
from formatters.locale.reasons import in_language

_MOST_PROBLEMS = 10
_MOST_PAUSED = 5


async def status(context: Context, argument: str) -> Response:
    """Show the status of the newest digests; "retry" tries again what failed or is unconfirmed."""
    if not context.is_operator:
        return context.reply_text(context.phrases.operators_only)
    if argument.casefold() == "retry":
        count = await context.ledger.incidents.retry()
        context.wake()
        return context.reply_text(context.phrases.retried(count))
    paused = await context.ledger.status.paused_totals(_MOST_PAUSED)
    digests = await totals(context.ledger, context.settings, _MOST_PROBLEMS)
    lines = [line for digest_status, chats in digests for line in _status_lines(digest_status, chats, context.phrases)]
    wrong = [*await _source_lines(context), *_paused_lines(paused, context)]
    shown = [*wrong, *(lines or [context.phrases.nothing_delivered])]
    stuck = paused.chats > 0 or any(state in chats.counts for _, chats in digests for state in _STUCK)
    return context.reply_page(pages.status(shown, context.phrases, stuck=stuck))


_STUCK = (DeliveryState.FAILED, DeliveryState.UNCONFIRMED)


async def _source_lines(context: Context) -> list[str]:
    """Write which sources cannot be read for an hour, and in whose posts no papers were read."""
    names, said = context.settings.source_names, context.phrases
    looks = await context.ledger.sources.last_looks()
    unread = [(name, looks[name].problem) for name in names if name in looks and looks[name].problem]
    unreadable = [one for one in await context.ledger.incidents.unreadable(names) if one.is_news]
    wrong = [(one.kind, one.where, one.why) for one in unreadable] + [(IncidentKind.UNREAD, *one) for one in unread]
    lines = [
        said.incidents[kind].format(where=where, why=in_language(why, said.language)) for kind, where, why in wrong
    ]
    return [*lines, ""] if lines else []


def _paused_lines(paused: PausedTotals, context: Context) -> list[str]:
    """Write how many chats are paused, the first of them, and how many readers block the bot."""
    said, first = context.phrases, paused.first
    count = [said.paused(paused.chats)] if paused.chats else []
    chats = [paused_line(one, said, context.settings.zone) for one in first]
    rest = [f"… +{paused.chats - len(first)}"] if paused.chats > len(first) else []
    lines = [*count, *chats, *rest, *([said.blocked(paused.readers)] if paused.readers else [])]
    return [*lines, ""] if lines else []


def _status_lines(digest_status: DigestStatus, chats: Totals, phrases: Phrases) -> list[str]:
    """Write the status of one digest: papers, chats, messages by state, then the problems by chat."""
    counts = chats.counts
    head = phrases.status.format(digest=digest_status.name, papers=phrases.papers(digest_status.papers))
    sent = counts.get(DeliveryState.SENT, 0)
    total = phrases.status_line.format(sent=sent, all=sum(counts.values()), chats=chats.chats)
    unsent = {state: count for state, count in sorted(counts.items()) if state != DeliveryState.SENT}
    others = [f"{phrases.states[state]} {count}" for state, count in unsent.items()]
    reason = in_language(digest_status.reason, phrases.language)
    held = [f"{phrases.digest_states[digest_status.state]}: {reason}"] if reason else []
    problems = [_problem_line(line, phrases.language) for line in chats.problems]
    rest = [f"… +{chats.more}"] if chats.more else []
    counted = ", ".join(others if digest_status.is_over else [total, *others])
    return [head, *held, *filter(None, [counted]), *problems, *rest, ""]


def _problem_line(line: str, language: str) -> str:
    where, colon, why = line.partition(": ")
    return f"{where}{colon}{in_language(why, language)}"
