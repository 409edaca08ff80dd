"""/status: the receipt, for operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.receipt import receipt
from bot.records import Receipt, Standing
from bot.talk import Answer, Context
from formatters import pages
from formatters.locale import Words

_MOST_PROBLEMS = 10


async def status(context: Context, argument: str) -> Answer:
    """Show how the last digests stand; "retry" sends what failed or is unconfirmed again."""
    if not context.operates:
        return context.tell(context.words.operators_only)
    if argument.casefold() == "retry":
        count = await context.store.troubles.retry()
        context.wake()
        return context.tell(context.words.resent(count))
    digests = await receipt(context.store, context.settings)
    if not digests:
        return context.tell(context.words.nothing_delivered)
    lines = [line for standing, receipts in digests for line in _lines(standing, receipts, context.words)]
    open_rows = sum(one.counts.get(state, 0) for _, receipts in digests for one in receipts for state in _STUCK)
    return context.show(pages.status(lines, context.words, stuck=bool(open_rows)))


_STUCK = ("failed", "unconfirmed")


def _lines(standing: Standing, receipts: Sequence[Receipt], words: Words) -> list[str]:
    """Say how one digest stands: papers, chats, messages by state, then what is wrong where."""
    counts = sum((Counter(one.counts) for one in receipts), Counter[str]())
    head = words.status.format(digest=standing.name, papers=words.papers(standing.papers))
    total = words.status_line.format(sent=counts["sent"], all=sum(counts.values()), chats=len(receipts))
    others = [f"{words.states[state]} {count}" for state, count in sorted(counts.items()) if state != "sent"]
    held = [f"{standing.state}: {standing.reason}"] if standing.reason else []
    problems = [f"{one.channel} {one.chat}: {what}" for one in receipts for what in one.problems]
    rest = [f"… +{len(problems) - _MOST_PROBLEMS}"] if len(problems) > _MOST_PROBLEMS else []
    return [head, *held, ", ".join([total, *others]), *problems[:_MOST_PROBLEMS], *rest, ""]
