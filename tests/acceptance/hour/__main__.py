"""Live the hour, or its begin, by this process's clock: `python -m tests.acceptance.hour 0926` ends at 09:26.

It must be 08:20 of 3 March 2026 in Seoul when it begins: see `tests/acceptance/test_hour.py`. Prints as JSON what
people complained of, what came twice, what made a sound where, refusals and lines of errors.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from tests.acceptance.hour.scene import AUTHOR, BOSS, OPERATOR, PATIENCE, PEOPLE, Scene, scene
from tests.support.chats import CHANNEL, GROUP

DAY = "2026-03-03"
PAPERS = 18
_NEXT_SWEEP = 5 * 60 + PATIENCE  # seconds


def post(titles: dict[int, str]) -> str:
    """Write the post of that day."""
    papers = "\n".join(
        f"# {n}. [{title}](https://arxiv.org/abs/2603.{n:05})\n\n## 결과\n- {n}번째 결과를 얻었다.\n"
        for n, title in titles.items()
    )
    return f'---\ntitle: "Daily Papers — {DAY}"\n---\n\n{papers}'


class Hour:
    """What happens, each part named by when it begins."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.server = scene, scene.server
        self.titles = {n: f"Paper Number {n}" for n in range(1, PAPERS + 1)}

    def write(self) -> None:
        path = self.scene.folder / f"_posts/{DAY}-daily-papers.md"
        draft = self.scene.folder / "draft"
        draft.write_text(post(self.titles), "utf-8")
        draft.replace(path)

    async def at_0827(self) -> None:
        """The author publishes."""
        self.write()

    async def at_0830(self) -> None:
        """The digest comes: the channel and the group have all of it within three minutes."""
        for chat in (CHANNEL, GROUP):
            await self.scene.sees(chat, f"{PAPERS}번째 결과", within=180)

    async def at_0831(self) -> None:
        """Twelve people press "Full summary" below three papers each, while the last papers still come."""
        await asyncio.gather(*(self._reads(place, person) for place, person in enumerate(PEOPLE)))

    async def _reads(self, place: int, person: int) -> None:
        await asyncio.sleep(place / 2)
        for step in range(3):
            cards = [one for one in self.scene.shown(GROUP) if one.buttons and one.silent]
            await self.scene.press(GROUP, person, cards[(place // 4 + step) % len(cards)])
            await asyncio.sleep(4)

    async def at_0834(self) -> None:
        """Some type what they want, two of them the same."""
        one, two, three, four, five = PEOPLE[:5]
        questions = (
            (one, "/paper 3", "3. Paper Number 3"),
            (two, "/paper 4", "4. Paper Number 4"),
            (three, "/papers", "Daily Papers"),
            (four, "/search Number", "Number"),
            (five, "/paper 3", "stands above"),
        )
        for person, line, answer in questions:
            await self.scene.ask(GROUP, person, line, answer)
            await asyncio.sleep(3)

    async def at_0837(self) -> None:
        """The administrator sets something, and takes it back within seconds."""
        await self.scene.ask(GROUP, BOSS, "/settings index", "Saved")
        await self.scene.ask(GROUP, BOSS, "/settings messages", "Saved")
        await self.scene.ask(str(BOSS), BOSS, "/help", "/paper")

    async def at_0839(self) -> None:
        """The author asks for the settings in the channel; after a minute nothing of that is left."""
        before = list(self.server.chat(CHANNEL).messages)
        self.server.posts(CHANNEL, "/settings")
        await self.scene.sees(CHANNEL, "ettings")
        await asyncio.sleep(75)
        if (left := list(self.server.chat(CHANNEL).messages)) != before:
            self.scene.complaints.append(f"{CHANNEL}: {left} stand there instead of {before}")

    async def at_0842(self) -> None:
        """The author mends a title: the messages change, and nothing comes."""
        self.titles[2] = "Paper Number Two"
        self.write()
        for chat in (CHANNEL, GROUP):
            await self.scene.sees(chat, "Paper Number Two", within=_NEXT_SWEEP)

    async def at_0849(self) -> None:
        """The author adds a paper: it comes, silently."""
        self.titles[PAPERS + 1] = "A Late Paper"
        self.write()
        for chat in (CHANNEL, GROUP):
            await self.scene.sees(chat, "A Late Paper", within=_NEXT_SWEEP)

    async def at_0856(self) -> None:
        """The network is away for half a minute; who asked meanwhile is answered."""
        await self.server.stop()
        self.server.says(GROUP, PEOPLE[5], "/paper 7", language="en")
        await asyncio.sleep(30)
        await self.server.start()
        await self.scene.sees(GROUP, "7번째 결과", within=2 * PATIENCE)

    async def at_0859(self) -> None:
        """A reader subscribes and blocks the bot; the operator asks how all is."""
        reader = PEOPLE[6]
        await self.scene.ask(str(reader), reader, "/subscribe", "ubscribed")
        self.server.membership(str(reader), "member", "kicked", reader)
        await self.scene.ask(str(OPERATOR), OPERATOR, "/status", DAY)

    async def at_0902(self) -> None:
        """Somebody in charge of the channel takes the bot out, and lets it in again."""
        self.server.membership(CHANNEL, "administrator", "kicked", AUTHOR)
        await self.scene.sees(str(OPERATOR), "Papers (@my_channel) is paused", within=_NEXT_SWEEP)
        self.server.membership(CHANNEL, "kicked", "administrator", AUTHOR)
        await self.scene.sees(str(OPERATOR), "Papers (@my_channel) is no longer paused", within=_NEXT_SWEEP)

    async def at_0913(self) -> None:
        """One asks on and on; another's first question is answered."""
        for n in range(20):
            self.server.says(GROUP, PEOPLE[7], f"/paper {n % 5 + 10}", language="en")
            await asyncio.sleep(0.5)
        await self.scene.ask(GROUP, PEOPLE[8], "/paper 16", "16번째 결과")

    async def at_0916(self) -> None:
        """The group's administrator unsubscribes it, regrets, and gets nothing again."""
        await self.scene.ask(GROUP, BOSS, "/unsubscribe", "nsubscribed")
        unsubscribed = f"Reading group ({GROUP}): its people unsubscribed it"
        await self.scene.sees(str(OPERATOR), unsubscribed, within=_NEXT_SWEEP)
        await self.scene.ask(GROUP, BOSS, "/subscribe", "ubscribed")
        await self.scene.sees(str(OPERATOR), f"✔ telegram Reading group ({GROUP})", within=_NEXT_SWEEP)

    async def at_0924(self) -> None:
        """Somebody who overslept reads the first paper."""
        cards = [one for one in self.scene.shown(GROUP) if one.text.startswith("1. ")]
        await self.scene.press(GROUP, PEOPLE[11], cards[0])

    async def live(self, until: str) -> None:
        """Let each part begin at its minute."""
        parts = {name.removeprefix("at_"): getattr(self, name) for name in dir(self) if name.startswith("at_")}
        for minute, part in sorted(parts.items()):
            if minute >= until:
                break
            await _wait_for(minute)
            await part()
        await _wait_for(until)


async def _wait_for(minute: str) -> None:
    hour, minutes = int(minute[:2]), int(minute[2:])
    now = datetime.now().astimezone()
    await asyncio.sleep((now.replace(hour=hour, minute=minutes, second=0, microsecond=0) - now).total_seconds())


async def main(until: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as one:
            await Hour(one).live(until)
        rings = {chat: one.rings(chat) for chat in (CHANNEL, GROUP, str(OPERATOR))}
        found = {"complaints": one.complaints, "doubled": list(one.doubled()), "rings": rings}
        json.dump({**found, "refused": one.refused, "errors": one.errors}, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
