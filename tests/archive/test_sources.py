"""What sources remember from one look to the next."""

from __future__ import annotations

from pathlib import Path

from bot.ledger.ledger import open_ledger


async def test_what_a_source_remembers_is_there_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/paperboy.db"
    async with open_ledger(url) as ledger:
        assert await ledger.sources.state("hf") == ""
        await ledger.sources.keep("hf", "")
        for state in ("first", "first", "second"):
            await ledger.sources.keep("hf", state)
        await ledger.sources.keep("arxiv", "other")
    async with open_ledger(url) as ledger:
        assert (await ledger.sources.state("hf"), await ledger.sources.state("arxiv")) == ("second", "other")
