"""Run `git`: without questions, hooks and prompts, and with the token where only git sees it.

Sources of the facts: gitcredentials(7), git-config(1) (`protocol.allow`, `core.symlinks`, `http.lowSpeedLimit`), git(1)
("Environment Variables").
"""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import SourceError
from bot.network.certificates import FILE, FOLDER
from bot.network.failures import LACKS_PASSWORD, OWN_CA
from bot.network.proxies import curl_variables
from formatters.spans import collapse_spaces, shorten

TOKEN = "PAPERBOY_GIT_PASSWORD"  # noqa: S105 - the name of a variable, which git's helper reads
# git asks this for name and password; the token itself stands in no argument and no file.
_HELPER = f'!f() {{ test "$1" = get && echo username=x-access-token && echo "password=${TOKEN}"; }}; f'
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",  # a link that leads out of the repository is read as the text that it is
    "core.autocrlf": "false",
    "protocol.ext.allow": "never",
    "gc.autoDetach": "false",
    "advice.detachedHead": "false",
    "http.lowSpeedLimit": "1000",  # bytes a second, for so many seconds:
    "http.lowSpeedTime": "30",
}
_LONGEST_WORDS = 200  # characters of what git said
_ADVICE = (
    (re.compile(r"\b407\b"), LACKS_PASSWORD),
    (re.compile(r"SSL certificate problem|certificate verification failed", re.IGNORECASE), OWN_CA),
    (re.compile(r"could not read Username|Authentication failed|HTTP.* 40[13]", re.IGNORECASE),
     "it does not exist, or wants a token: check the address, and token in this source's settings"),
    (re.compile(r"not found|does not exist|does not appear to be a git repository", re.IGNORECASE),
     "check the address"),
    (re.compile(r"find remote ref HEAD"), "it is empty, or no git server answers there; open the address in a browser"),
    (re.compile(r"find remote ref"), "check the branch"),
    (re.compile(r"Could not resolve|Failed to connect|timed out|unable to access", re.IGNORECASE),
     "check the network"),
)  # fmt: skip


class GitError(SourceError):
    """What git could not do, in its own words and with what to do."""


@dataclass
class Git:
    """The program, for one source."""

    name: str  # of the source
    token: str = field(default="", repr=False)
    longest: float = 300.0  # seconds for one call
    program: str = "git"

    async def run(self, *arguments: str, folder: Path | None = None) -> str:
        """Run a command in a folder, and give what it printed.

        Raises GitError, also when it takes too long or there is no git.
        """
        settings = [word for name, value in self._settings().items() for word in ("-c", f"{name}={value}")]
        try:
            process = await asyncio.create_subprocess_exec(
                *(self.program, *settings, *arguments),
                cwd=folder, env=self._environ(), stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError:
            raise GitError(f"source {self.name}: there is no git program; install git, or use another source") from None
        try:
            async with asyncio.timeout(self.longest):
                out, err = await process.communicate()
        except TimeoutError:
            raise GitError(f"source {self.name}: git took longer than {self.longest:g} s; check the network") from None
        finally:
            _end(process)
        if process.returncode:
            raise GitError(self._explained(err.decode("utf-8", "replace")))
        return out.decode("utf-8", "surrogateescape").strip()

    def _settings(self) -> Mapping[str, str]:
        return {**_SETTINGS, **({"credential.helper": _HELPER} if self.token else {})}

    def _environ(self) -> dict[str, str]:
        """Give the environment: nobody is asked anything, and the words are those that are looked for."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PAPERBOY_", "GIT_DIR"))}
        own = {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "LC_ALL": "C",
            "GIT_LFS_SKIP_SMUDGE": "1",
        }
        ssh = {"GIT_SSH_COMMAND": ours.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")}
        network = {**_certificates(), **ours, **curl_variables()}
        return {**network, **own, **ssh, **({TOKEN: self.token} if self.token else {})}

    def _explained(self, said: str) -> str:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        why = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "no word")
        why = re.sub(r"//[^/@\s]*@", "//", why.replace(self.token, "***") if self.token else why)
        advice = next((advice for pattern, advice in _ADVICE if pattern.search(said)), "")
        text = shorten(collapse_spaces(why.removeprefix("fatal: ")), _LONGEST_WORDS)
        return f"source {self.name}: git: {text}" + (f"; {advice}" if advice else "")


def _certificates() -> dict[str, str]:
    """Name the CAs that all else trusts in the words of git, whose library may not be OpenSSL."""
    names = {"GIT_SSL_CAINFO": os.environ.get(FILE), "GIT_SSL_CAPATH": os.environ.get(FOLDER)}
    return {name: str(Path(path).absolute()) for name, path in names.items() if path}


def _end(process: asyncio.subprocess.Process) -> None:
    """End git and what it started, if it is still there."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
