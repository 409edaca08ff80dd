"""/status, for operators: how far the newest digests were delivered."""

from __future__ import annotations

from bot.conversation.context import Context, Response
from bot.database.states import DeliveryState
from bot.ledger.records import DigestStatus, Totals
from bot.monitoring.status import totals
from formatters import pages
from formatters.locale import Phrases

_MOST_PROBLEMS = 10


async def status(context: Context, argument: str) -> Response:
    """Show the status of the newest digests; "retry" tries again what failed or is unconfirmed."""
    if not context.is_operator:
        return context.reply_text(context.phrases.operators_only)
    if argument.casefold() == "retry":
        count = await context.ledger.incidents.retry()
        context.wake()
        return context.reply_text(context.phrases.retried(count))
    digests = await totals(context.ledger, context.settings, _MOST_PROBLEMS)
    if not digests:
        return context.reply_text(context.phrases.nothing_delivered)
    lines = [line for digest_status, chats in digests for line in _status_lines(digest_status, chats, context.phrases)]
    stuck = any(state in chats.counts for _, chats in digests for state in _STUCK)
    return context.reply_page(pages.status(lines, context.phrases, stuck=stuck))


_STUCK = (DeliveryState.FAILED, DeliveryState.UNCONFIRMED)


def _status_lines(digest_status: DigestStatus, chats: Totals, phrases: Phrases) -> list[str]:
    """Write the status of one digest: papers, chats, messages by state, then the problems by chat."""
    counts = chats.counts
    head = phrases.status.format(digest=digest_status.name, papers=phrases.papers(digest_status.papers))
    sent = counts.get(DeliveryState.SENT, 0)
    total = phrases.status_line.format(sent=sent, all=sum(counts.values()), chats=chats.chats)
    unsent = {state: count for state, count in sorted(counts.items()) if state != DeliveryState.SENT}
    others = [f"{phrases.states[state]} {count}" for state, count in unsent.items()]
    held = [f"{digest_status.state}: {digest_status.reason}"] if digest_status.reason else []
    rest = [f"… +{chats.more}"] if chats.more else []
    return [head, *held, ", ".join([total, *others]), *chats.problems, *rest, ""]
