"""Where a script is played: a blog, chats on both platforms, a ledger in PostgreSQL, and the workers that share it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from psycopg.errors import OperationalError, UndefinedTable
from sqlalchemy.exc import DBAPIError

from bot.concurrency import cancel
from tests.faults.combined.blog import Blog
from tests.faults.combined.judging import judge
from tests.faults.combined.stage import PATIENT
from tests.faults.combined.stage import Stage as Scene
from tests.faults.outcome import Outcome
from tests.faults.process import Process
from tests.faults.program import Conditions
from tests.faults.site import Site
from tests.faults.tally import Case
from tests.faults.workers.server import Server
from tests.faults.workers.times import SHORT, Times
from tests.faults.workers.worker import Worker
from tests.support.chats import BASIC, CHANNEL_NAME, FORUM_TOPIC, GROUP, READER, SLACK_CHAT
from tests.support.fakes.server import Call, FakeServer
from tests.support.postgres.proxy import Proxy

WITHIN = 40.0  # seconds after the last fault in which all is there, with short times
READERS = ("51", "52", "53")  # private chats beside the usual one
TELEGRAM_ALONE = (CHANNEL_NAME, GROUP, FORUM_TOPIC, READER, *READERS, BASIC)
NAMES = (*TELEGRAM_ALONE, SLACK_CHAT)
_LOOK = 0.1  # seconds between two looks whether all is there
_TOLD = ("chat_id", "message_id", "channel", "ts", "thread_ts")  # of the arguments of a call
_OPEN = "SELECT count(*) FROM deliveries WHERE state != 'sent'"


class Stage:
    """Workers at a site, and faults that are counted as they strike."""

    def __init__(
        self,
        site: Site,
        server: Server,
        times: Times = SHORT,
        *,
        names: Sequence[str] = NAMES,
        days: int = 1,
        papers: int = 6,
    ) -> None:
        self.site, self.server = site, server
        for reader in {*READERS, *(name for name in names if name.isdecimal())} - {READER}:
            site.telegram.add_chat(reader, kind="private")
        self.scene = Scene(site, names, days)
        self.scene.blog = Blog(site.posts, days, papers)
        self.blog = self.scene.blog
        if SLACK_CHAT not in names:
            self.scene.environ |= dict.fromkeys(("PAPERBOY_SLACK__BOT_TOKEN", "PAPERBOY_SLACK__CHATS"), "")
        site.url = server.url(f"127.0.0.1:{server.port}")
        self.workers: list[Worker] = []
        self._usual: dict[str, Any] = {"waits": PATIENT, "timeout": times.call, "sharing": times.sharing}
        self.pace = 0.0  # seconds that each call takes at least
        self.within = WITHIN  # the same, as long as it may last here
        self.struck: Counter[str] = Counter()  # faults, by kind
        self.last = 0.0  # when the last one struck or ended, by the loop's clock
        self.waited = 0.0  # seconds from then on until all was there
        self.on_call: Callable[[Call, Worker], Awaitable[None]] | None = None  # calls that show something
        self.on_answer: Callable[[Call, Worker], None] | None = None
        self._server_fails = asyncio.Lock()
        self._working: set[asyncio.Task[None]] = set()  # one for each worker
        self._beside: set[asyncio.Task[None]] = set()
        for platform in site.servers:
            platform.on_call, platform.on_answer = partial(self._called, platform), self._answered

    # The workers

    async def hire(self, number: int = 1, **conditions: Any) -> None:
        """Start so many workers; conditions are the fields of `Conditions`."""
        for _ in range(number):
            proxy = Proxy(self.server.port)
            await proxy.start()
            ports = {"telegram": await self.site.telegram.listen(), "slack": await self.site.slack.listen()}
            launch = partial(self._launch, {**self._usual, **conditions})
            self.workers.append(Worker(len(self.workers), proxy, ports, launch))
            self._working.add(asyncio.create_task(self.workers[-1].work()))

    def _launch(self, conditions: Mapping[str, Any], worker: Worker) -> Process:
        environ = self.scene.settings | {
            "PAPERBOY_STORE__URL": self.server.url(worker.database.address),
            "PAPERBOY_TELEGRAM__BASE_URL": f"http://127.0.0.1:{worker.ports['telegram']}/bot",
            "PAPERBOY_SLACK__BASE_URL": f"http://127.0.0.1:{worker.ports['slack']}/api/",
        }
        arguments = ["run", "--config", str(self.site.settings())]
        process = Process(arguments, self.site.folder, Conditions(**conditions, environ=environ))
        self.site.processes.append(process)
        return process

    def worker_at(self, port: int) -> Worker | None:
        """Tell which worker is connected from a port of its database, or calls at one of a platform."""
        return next((one for one in self.workers if port in (*one.ports.values(), *one.database.ports)), None)

    async def owner(self, channel: str) -> Worker | None:
        """Tell which worker delivers in a channel, if any."""
        with suppress(UndefinedTable, OperationalError):  # not there yet, and away
            port = await self.server.owner_port(channel)
            return None if port is None else self.worker_at(port)
        return None

    async def shared_out(self) -> tuple[Worker, Worker]:
        """Wait until two workers share the bots, and give the owners of Telegram's and of Slack's."""
        owners: list[Worker | None] = []

        async def know() -> bool:
            owners[:] = [await self.owner("telegram"), await self.owner("slack")]
            return None not in owners and owners[0] is not owners[1]

        await self.until(know, WITHIN)
        telegram, slack = owners
        assert telegram
        assert slack
        return telegram, slack

    def calls_of(self, worker: Worker) -> list[Call]:
        """Give the calls of a worker that could show something."""
        calls = (call for platform in self.site.servers for call in platform.calls)
        return [call for call in calls if shows(call.method) and call.port in worker.ports.values()]

    def said(self, words: str) -> Callable[[], bool]:
        """Ask whether one of the workers that run has said something."""
        return lambda: any(words in line for worker in self.workers for line in worker.said)

    def told_calls(self) -> Iterator[str]:
        """Tell each call that could show something, a line for each."""
        for call in sorted((call for one in self.site.servers for call in one.calls), key=lambda call: call.at):
            if shows(call.method) and (worker := self.worker_at(call.port)):
                asked = {name: call.arguments.get(name) for name in _TOLD if name in call.arguments}
                answer = call.answer.body[:60] if call.answer else ""
                yield f"{call.at:.3f} worker {worker.number} {call.method} {asked} {call.error or answer}"

    # What happens

    async def at(self, number: int, act: Callable[[Worker], object], method: str = "") -> Worker:
        """Do something to the worker whose call is the n-th from now on, of one method or any, before that is done."""
        left, struck = number, asyncio.get_running_loop().create_future()

        async def on_call(call: Call, worker: Worker) -> None:
            nonlocal left
            left -= (fits := method in ("", call.method))
            if fits and left == 0:
                act(worker)
                struck.set_result(worker)

        self.on_call = on_call
        async with asyncio.timeout(self.within):
            found: Worker = await struck
        return found

    def strikes(self, kind: str, until: Coroutine[Any, Any, None] | None = None) -> bool:
        """Count a fault, from whose end on all must be there in time; it ends when `until` does. Gives True."""
        self.struck[kind] += 1
        self.last = asyncio.get_running_loop().time()
        if until:
            self.spawn(self._lasting(until))
        return True

    def alone(self, kind: str, until: Coroutine[Any, Any, None]) -> bool:
        """Count a fault of the server unless it has one already; tell whether it had none."""
        if self._server_fails.locked():
            until.close()
            return False
        return self.strikes(kind, self._lasting_alone(until))

    async def _lasting(self, until: Coroutine[Any, Any, None]) -> None:
        await until
        self.last = asyncio.get_running_loop().time()

    async def _lasting_alone(self, until: Coroutine[Any, Any, None]) -> None:
        async with self._server_fails:
            await until

    @property
    def is_striking(self) -> bool:
        """Tell whether a fault has not ended yet."""
        return bool(self._beside)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside; what goes wrong with it is raised by `until`."""
        self._beside.add(asyncio.create_task(work))

    async def until(self, known: Callable[[], Awaitable[bool] | bool], seconds: float) -> None:
        """Wait until something is so; raises what went wrong beside."""
        async with asyncio.timeout(seconds):
            while not await _known(known):
                self._raise_failures()
                await asyncio.sleep(_LOOK)

    def _raise_failures(self) -> None:
        for tasks in (self._working, self._beside):
            for task in [task for task in tasks if task.done()]:
                tasks.discard(task)
                task.result()

    async def _called(self, platform: FakeServer, method: str, _arguments: object) -> None:
        call = platform.calls[-1]
        if shows(method) and (worker := self.worker_at(call.port)):
            if self.on_call:
                await self.on_call(call, worker)
            await asyncio.sleep(self.pace)

    def _answered(self, call: Call) -> None:
        if self.on_answer and shows(call.method) and (worker := self.worker_at(call.port)):
            self.on_answer(call, worker)

    # How it ends

    async def check(self) -> None:
        """Wait for all that the chats should show, let the workers end, and compare."""
        outcome, verdicts = await self.finish(), list(self.site.verdicts())
        struck = dict(self.struck)
        self.site.record(Case(sum(struck.values()), outcome, verdicts, workers=struck, waited=self.waited))
        assert not outcome.wrong, outcome
        assert not outcome.unsettled, outcome.unsettled
        assert self.waited <= self.within, f"{self.waited:.1f} s after the last fault"
        assert all(verdict.right is not False for verdict in verdicts), verdicts

    async def finish(self) -> Outcome:
        """Wait until all is there, as long as that may take, then let all workers end; tell what is there."""
        self.on_call = self.on_answer = None
        await self.until(lambda: not self.is_striking, WITHIN)
        self.heal()
        loop = asyncio.get_running_loop()
        begun = self.last or loop.time()
        with suppress(TimeoutError):
            await self.until(self.is_done, max(1.0, begun + self.within - loop.time()))
        self.waited = loop.time() - begun
        await self._retire()
        outcome = judge(self.scene)
        self.site.ended += [ended for worker in self.workers for ended in worker.ended]
        return outcome

    def heal(self) -> None:
        self.site.heal()
        for worker in self.workers:
            worker.thaw()
            worker.database.feed()

    async def is_done(self) -> bool:
        """Tell whether all is there and nothing is wrong."""
        with suppress(UndefinedTable, OperationalError, DBAPIError, RuntimeError):  # not there yet, away, and changed
            [[still_open]] = await self.server.ask(_OPEN)
            # It takes a while, in which calls are answered, and what it looks at may change.
            outcome = None if still_open else await asyncio.to_thread(judge, self.scene)
            return outcome is not None and not outcome.wrong and not outcome.unsettled
        return False

    async def _retire(self) -> None:
        for worker in self.workers:
            await worker.retire()
        while running := {*self._working, *self._beside}:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            self._raise_failures()

    async def close(self) -> None:
        """End what still goes on, as after a failure."""
        for platform in self.site.servers:
            platform.on_call = platform.on_answer = None
        await cancel(*self._beside)
        for worker in self.workers:
            worker.retired = True
        while self._working:  # one may be starting just now
            for worker in self.workers:
                worker.kill()
            _, self._working = await asyncio.wait(self._working, timeout=_LOOK)
        for worker in self.workers:
            await worker.database.stop()


async def _known(known: Callable[[], Awaitable[bool] | bool]) -> bool:
    answer = known()
    return answer if isinstance(answer, bool) else await answer


def shows(method: str) -> bool:
    """Tell whether a call changes what a chat shows."""
    return not method.startswith(("get", "conversations.", "auth.", "setMy", "deleteMy", "users."))


@asynccontextmanager
async def staged(site: Site, server: Server, times: Times = SHORT, **values: Any) -> AsyncIterator[Stage]:
    """Make a stage; what fails on it tells what its workers said."""
    stage = Stage(site, server, times, **values)
    try:
        yield stage
    except BaseException as error:
        error.add_note("\n".join(stage.told_calls()))
        for worker in stage.workers:
            for note in worker.notes():
                error.add_note(note)
        with suppress(OperationalError):
            error.add_note(await server.activity())
        raise
    finally:
        await stage.close()
