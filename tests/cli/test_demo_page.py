"""The demo's page beside the terminal: where it is told, when it is opened, and how all of it ends."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import signal
from pathlib import Path
from typing import NoReturn

import aiohttp
import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.pages.demo import server
from bot.web.loopback import HOST, PORT
from bot.web.window import has_display
from tests.support.installed import PATH
from tests.support.terminal import CTRL_C, ForkedTerminal

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
QUIET = {"PAPERBOY_LANGUAGE": "en", "DISPLAY": "", "WAYLAND_DISPLAY": "", "SSH_CONNECTION": "", "SSH_CLIENT": ""}
LONGEST = 2.0  # seconds in which it ends


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program in the place of the one that opens a browser: it writes what it was given into this file."""
    opened = tmp_path / "opened"
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.new && mv {opened}.new {opened}\n')
    program.chmod(0o755)
    monkeypatch.setitem(QUIET, "PATH", f"{tmp_path}:{os.environ['PATH']}")
    return opened


async def test_a_terminal_gets_the_page_and_goes_on(opener: Path) -> None:
    """Ctrl-C ends it in two seconds, while tabs keep their connections open."""
    loop = asyncio.get_running_loop()
    async with ForkedTerminal("demo", environ={**QUIET, "DISPLAY": ":99"}) as terminal:
        await terminal.shows("in a browser: ")
        await terminal.shows("> ")
        assert terminal.text.index("in a browser: ") < terminal.text.index("Attention Is All You Need")
        address = ADDRESS.findall(terminal.text)[0]
        async with aiohttp.ClientSession() as session:
            await terminal.types("/paper 3\n")
            async with session.post(f"{address}telegram", data={"line": "/paper 3"}) as response:
                assert "Limitations" in await response.text()
            await terminal.shows("Limitations")
            async with asyncio.timeout(5):
                while not opener.exists():
                    await asyncio.sleep(0.01)
            began = loop.time()
            await terminal.types(CTRL_C)
            assert await terminal.ends() == 0
            assert loop.time() - began < LONGEST
    assert opener.read_text() == address
    assert "Traceback" not in terminal.text


async def test_without_the_page_the_terminal_is_as_it_was(opener: Path) -> None:
    async with ForkedTerminal("demo", "--terminal", environ={**QUIET, "DISPLAY": ":99"}) as terminal:
        await terminal.shows("Try /paper 3")
        await terminal.types("\x04")
        assert await terminal.ends() == 0
    assert not ADDRESS.search(terminal.text)
    assert not opener.exists()


async def test_in_a_pipe_the_page_is_there_when_it_is_asked_for_and_a_taken_port_is_told() -> None:
    taken = await asyncio.start_server(lambda *_: None, HOST, PORT) if await _is_free() else None
    run = await asyncio.create_subprocess_exec(
        *(PATH, "demo", "--web"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **QUIET},
    )
    assert run.stdin
    assert run.stdout
    run.stdin.write(b"/paper 2")
    run.stdin.close()
    said = await asyncio.wait_for(run.stdout.readuntil(b"Ctrl-D ends.\n"), 30)
    assert f"Another program has port {PORT}, so the page is on ".encode() in said
    await asyncio.wait_for(run.stdout.readuntil(b"Limitations"), 30)  # a last line without an end
    [address] = ADDRESS.findall(said.decode())
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        assert response.status == 200
        run.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(run.wait(), LONGEST + 3) == 0
    if taken:
        taken.close()


@pytest.mark.usefixtures("own_logging")
def test_what_fails_on_purpose_does_not_run_into_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where no port can be had, the terminal goes on without the page."""

    def no_port(*_: object) -> NoReturn:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr(server, "serving", no_port)

    done = CliRunner().invoke(app, ["demo", "--web"], input="/paper 9\n", env=QUIET, catch_exceptions=False)

    assert done.stderr == "paperboy: no page, since no port of this machine can be had: Address already in use\n"
    assert done.stdout.endswith("There is no paper 9. Numbers go from 1 to 6.\n")
    assert logging.getLogger("paperboy").level == logging.ERROR


async def _is_free() -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, PORT)
    except OSError:
        return True
    writer.close()
    return False


@pytest.mark.parametrize(
    ("environ", "platform", "shown"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_TTY": "/dev/ttys001"}, "darwin", False),
        ({}, "win32", True),
    ],
    ids=str,
)
def test_a_browser_is_opened_where_it_is_seen(environ: dict[str, str], platform: str, shown: bool) -> None:
    assert has_display(environ, platform) is shown
