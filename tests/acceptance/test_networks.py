"""Whole processes in networks as they are: proxies, CAs of their own, a Bot API server on the same machine."""

from __future__ import annotations

import asyncio
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.faults.process import LONGEST_RUN, Process, get_ready
from tests.faults.program import Conditions
from tests.support.chats import CHANNEL, CHANNEL_NAME, SLACK_CHAT
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.fakes.monitor import PATH, Monitor
from tests.support.fakes.proxies import FakeProxy, HttpProxy, SocksProxy, tls_before
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import FakeTelegram
from tests.support.feeds import post, rss
from tests.support.golden import DATA
from tests.support.installed import TOKENS, Done
from tests.support.repository import Repository, git
from tests.support.slack_bot import ANN, workspace

POST = "2025-01-05-arxiv-crlf.md"
SETTINGS = f"""
language = "en"
[[sources]]
name = "posts"
kind = "folder"
path = "_posts"
[[sources]]
name = "feed"
kind = "feed"
url = "https://blog.test/feed.xml"
[[sources]]
name = "repository"
kind = "git"
url = "https://blog.test/blog.git"
path = "_posts"
[schedule]
at = "00:00"
sweep = "1s"
[telegram]
chats = ["{CHANNEL_NAME}"]
base_url = "https://telegram.test/bot"
[slack]
chats = ["{SLACK_CHAT}"]
listen = "socket"
base_url = "https://slack.test/api/"
[operators]
heartbeat_url = "https://monitor.test{PATH}?via=paperboy"
"""
NAMES = ("blog.test", "monitor.test", "slack.test", "telegram.test")
RAIN = "# 1. [Rain](https://arxiv.org/abs/2603.00001)\n"
SNOW = post("Daily Papers 2026-03-02", '<h1>1. <a href="https://arxiv.org/abs/2603.00002">Snow</a></h1>')


@dataclass
class Network:
    """Both platforms, a blog and a monitoring service, each with a certificate of a CA that nobody else knows."""

    telegram: FakeTelegram
    slack: FakeSlack
    blog: DocumentServer
    monitor: Monitor
    routes: dict[str, int]  # by name: a port that speaks TLS
    processes: list[Process] = field(default_factory=list)

    async def start(self, *arguments: str, **environ: str) -> Process:
        get_ready()
        tokens = {**TOKENS, "PAPERBOY_SLACK__APP_TOKEN": APP_TOKEN}
        process = Process(arguments, Path.cwd(), Conditions(environ={**tokens, **environ}))
        self.processes.append(process)
        await process.start()
        return process

    async def run(self, *arguments: str, **environ: str) -> Done:
        ended = await (await self.start(*arguments, **environ)).end()
        return Done(ended.code, ended.out, ended.err)

    def has_all(self) -> bool:
        """Tell whether each chat holds the papers of all sources, and the monitoring service was called."""
        chats: list[list[Any]] = [[*self.telegram.shown(CHANNEL)], [*self.slack.shown(SLACK_CHAT)]]
        told = [" ".join(message.text for message in shown) for shown in chats]
        return bool(self.monitor.calls) and all(
            title in text for text in told for title in ("Rain", "Snow", "Robust Speech")
        )


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def network(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[Network]:
    authority.cert_pem.write_to_path("ca.pem")
    Path("paperboy.toml").write_text(SETTINGS)
    Path("_posts").mkdir()
    shutil.copy(DATA / POST, "_posts")
    blog, monitor, slack, telegram = DocumentServer(hosts=NAMES), Monitor(), workspace(), FakeTelegram()
    servers: tuple[Any, ...] = (blog, monitor, slack, telegram)
    publish(blog, tmp_path)
    telegram.add_chat(CHANNEL, "channel", CHANNEL_NAME.removeprefix("@"))
    slack.public, slack.reach = "https://slack.test", slack.sockets
    routes = {}
    async with AsyncExitStack() as stack:
        for name, server in zip(NAMES, servers, strict=True):
            await stack.enter_async_context(server)
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert(name).configure_cert(context)
            routes[name] = await stack.enter_async_context(tls_before(server.port, context))
        network = Network(telegram, slack, blog, monitor, routes)
        yield network
        for process in network.processes:
            await process.gone()


def publish(blog: DocumentServer, folder: Path) -> None:
    """Put a feed and a repository there, each with a digest of one paper."""
    repository = Repository(folder)
    repository.write("_posts/2026-03-01-daily.md", RAIN)
    repository.push()
    git(repository.bare, "update-server-info")
    for path in repository.bare.rglob("*"):
        if path.is_file():
            blog.documents[f"/blog.git/{path.relative_to(repository.bare)}"] = Document(path.read_bytes())
    blog.documents["/feed.xml"] = rss(SNOW)


async def until(known: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_RUN):
        while not known():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("kind", "variable", "password"),
    [(HttpProxy, "HTTPS_PROXY", "me:p@ss"), (SocksProxy, "all_proxy", "me:p@ss")],
)
async def test_all_goes_through_a_proxy_that_alone_knows_the_names(
    network: Network, kind: type[FakeProxy], variable: str, password: str
) -> None:
    async with kind(network.routes, password) as proxy:
        url = proxy.url.replace("//", f"//{password.replace('@', '%40')}@")
        process = await network.start("run", **{variable: url}, SSL_CERT_FILE="ca.pem")
        await network.slack.sockets.opened(seconds=LONGEST_RUN)
        await until(network.has_all)
        said = await network.slack.slash("/paper", "1", ANN, SLACK_CHAT)
        process.send(signal.SIGTERM)
        ended = await process.end()

    assert (ended.code, said.error, proxy.hosts) == (0, "", {*NAMES})
    assert not [word for word in ("p@ss", "p%40ss", '"error"') if word in ended.err]


@pytest.mark.parametrize("command", ["deliver", "run"])
@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        (
            "ALL_PROXY",
            "socks://me:secret@127.0.0.1:1080",
            "ALL_PROXY begins with socks://, which is not understood; write socks5:// or http://",
        ),
        (
            "SSL_CERT_FILE",
            "none.pem",
            "SSL_CERT_FILE: none.pem: No such file or directory; correct the path, or unset it",
        ),
    ],
)
async def test_what_is_not_understood_is_a_line_before_anything_is_called(
    network: Network, command: str, variable: str, value: str, why: str
) -> None:
    done = await network.run(command, **{variable: value})

    assert (done.code, done.err.splitlines()[-1]) == (2, f"paperboy: {why}")
    assert network.telegram.calls == network.slack.calls == []


async def test_a_proxy_that_is_not_there_is_a_line_for_each_platform(network: Network) -> None:
    done = await network.run("deliver", "--for", "1s", HTTPS_PROXY="http://127.0.0.1:9")

    why = "cannot be reached: the proxy 127.0.0.1:9 cannot be reached; correct HTTPS_PROXY"
    assert done.code in (2, 3)
    assert {platform for platform in ("Telegram", "Slack") if f"{platform} {why}" in done.out + done.err}
