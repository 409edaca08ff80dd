"""Sources: whose digests a chat receives, and what becomes of those that wait when that changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, exists, literal, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.schema import chats, deliveries, digests, messages
from bot.database.states import ChatState
from bot.ledger.chats.chat_sql import stands
from bot.ledger.sql.delivery_sql import takes
from bot.ledger.sql.transitions import drop_unsent


def spell(names: Sequence[str]) -> str:
    """Spell sources as the ledger holds them; none: all of them, or no choice."""
    return json.dumps(list(names), ensure_ascii=False) if names else ""


def taken(chosen: str, operators: Collection[str], known: Sequence[str]) -> list[str]:
    """Name the sources of which a chat receives, none for all: what its people chose, else what the operator set.

    A name of no source is ignored; who chose only such counts as one that chose nothing.
    """
    wanted = json.loads(chosen) if chosen else []
    return [name for name in known if name in wanted] or [name for name in known if name in operators]


@dataclass(frozen=True, slots=True)
class SourcesChange:
    """That some chats, in which all is alike, receive of other sources from now on."""

    which: ColumnElement[bool]
    takes: str
    dropped: list[str]
    takes_up: bool  # a source of which they did not receive


async def shared_sources(db: AsyncConnection, source: str, others: Collection[str]) -> list[str]:
    """Name, among other sources, those of which every chat receives that receives of this source."""
    receives = (chats.c.state != ChatState.REMOVED, takes(literal(source)))
    found = (await db.execute(select(chats.c.takes).where(*receives).distinct())).scalars()
    named = [json.loads(spelled) for spelled in found if spelled]
    return [one for one in others if all(one in names for names in named)]


async def changed_sources(
    db: AsyncConnection, channel: str, known: Sequence[str], listed: Mapping[str, Collection[str]]
) -> list[SourcesChange]:
    """List what changed; chats of which nobody ever said anything are passed over, there may be 100,000 of them."""
    own = case((chats.c.name.in_(listed), chats.c.name), else_="")
    said = or_(chats.c.sources != "", chats.c.takes != "", chats.c.name.in_(listed))
    query = select(chats.c.sources, chats.c.takes, own.label("own")).where(chats.c.channel == channel, said).distinct()
    changes = []
    for row in (await db.execute(query)).all():
        now = taken(row.sources, listed.get(row.own, ()), known)
        if spell(now) != row.takes:
            alike = and_(chats.c.channel == channel, said, chats.c.sources == row.sources, chats.c.takes == row.takes)
            changes.append(_change(and_(alike, own == row.own), row.takes, now or known, spell(now), known))
    return changes


def _change(
    which: ColumnElement[bool], before: str, now: Sequence[str], takes: str, known: Sequence[str]
) -> SourcesChange:
    former = json.loads(before) if before else known
    return SourcesChange(
        which, takes, [name for name in known if name not in now], any(name not in former for name in now)
    )


async def write_sources(db: AsyncConnection, change: SourcesChange, now: float) -> None:
    """Write of which sources chats receive, and drop what they have not begun to receive of others."""
    theirs = deliveries.c.chat_id.in_(select(chats.c.id).where(change.which))
    await db.execute(drop_unsent(and_(theirs, _not_begun(change.dropped))))
    since = {"takes_since": now} if change.takes_up else {}
    await db.execute(update(chats).where(change.which).values(takes=change.takes, **since))


def _not_begun(sources: Sequence[str]) -> ColumnElement[bool]:
    """Tell whether a delivery is of a digest of these sources of which nothing stands in its chat, nor may stand."""
    own, theirs, held = messages.alias(), messages.alias(), deliveries.alias()
    digest = select(own.c.digest_id).where(own.c.id == deliveries.c.message_id).correlate(deliveries).scalar_subquery()
    same = (held.c.chat_id == deliveries.c.chat_id, theirs.c.digest_id == digest, stands(held))
    begun = exists().select_from(held.join(theirs)).where(*same).correlate(deliveries)
    of_sources = select(messages.c.id).join(digests).where(digests.c.source.in_(sources))
    return and_(deliveries.c.message_id.in_(of_sources), not_(begun))
