"""A clone of the newest state of one branch, with one folder of it: as little as the server lets us take.

Sources of the facts: git-fetch(1) (`--depth`, `--filter`), git-sparse-checkout(1), partial-clone.txt of git.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import AsyncFileLock

from bot.errors import SourceError
from bot.sources.git.program import Git, GitError

_LITTLE = ("--depth=1", "--filter=blob:none")  # a server that knows no filter passes over that
_ONLY_WHOLE = "does not support shallow"  # what is said of servers that give files and know no protocol
_PROMISES = ("remote.origin.promisor", "remote.origin.partialclonefilter", "extensions.partialclone")
_MARK = "paperboy"  # the file that says what is cloned here; it is written last


@dataclass
class Clone:
    """A folder that is brought to what a branch holds now."""

    git: Git
    folder: Path
    url: str
    branch: str = ""  # "": the one that the repository itself names
    path: str = ""  # the folder inside; "": all of it
    fetches: int = 0  # so far

    @property
    def posts(self) -> Path:
        return self.folder / self.path

    async def refresh(self) -> str:
        """Bring the clone up to date, and give its commit; one that is damaged is made anew.

        Other processes wait meanwhile. Raises SourceError when it cannot be; the folder is then as it was.
        """
        self._make_place()
        async with AsyncFileLock(f"{self.folder}.lock"):
            return await self._refresh()

    def _make_place(self) -> None:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = f"{self.folder.parent}: {error.strerror}; check the folder and its rights"
            raise SourceError(f"source {self.git.name}: {why}") from None

    async def _refresh(self) -> str:
        commit = await self._updated() if self._is_ours() else await self._anew()
        if not self.posts.is_dir():
            where = f"branch {self.branch}" if self.branch else "its main branch"
            advice = "check path in this source's settings"
            raise SourceError(f"source {self.git.name}: {self.url} has no folder {self.path} in {where}; {advice}")
        return commit

    async def _updated(self) -> str:
        try:
            return await self._fetch(self.folder)
        except GitError:
            # Where the server answers, it is the clone that is damaged: by a full disk, or a death in the midst.
            await self.git.run("ls-remote", "--exit-code", "--", self.url, self._ref())
            return await self._anew()

    async def _anew(self) -> str:
        """Make the clone beside its place, and put it there when it is whole."""
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        await self.git.run("init", "--quiet", folder=fresh)
        await self.git.run("remote", "add", "origin", self.url, folder=fresh)
        if self.path:
            await self.git.run("sparse-checkout", "set", "--no-cone", f"/{self.path}/", folder=fresh)
        commit = await self._fetch(fresh)
        (fresh / ".git" / _MARK).write_text(self._what(), "utf-8")
        await asyncio.to_thread(_put, fresh, self.folder)
        return commit

    async def _fetch(self, folder: Path) -> str:
        """Fetch the branch, whatever it was before, and check it out if it changed."""
        fetch = ("fetch", "--quiet", "--no-tags", "--force")
        self.fetches += 1
        try:
            await self.git.run(*fetch, *_LITTLE, "origin", self._ref(), folder=folder)
        except GitError as error:
            if _ONLY_WHOLE not in str(error):
                raise
            await self._want_all(folder)
            await self.git.run(*fetch, "origin", self._ref(), folder=folder)
        new = await self.git.run("rev-parse", "FETCH_HEAD", folder=folder)
        if new != await self._head(folder):
            await self.git.run("checkout", "--quiet", "--force", "--detach", new, folder=folder)
        return new

    async def _want_all(self, folder: Path) -> None:
        """Forget that objects may be missing: git would ask such a server for each of them without end."""
        for name in _PROMISES:
            with suppress(GitError):  # it is not set
                await self.git.run("config", "--unset-all", name, folder=folder)

    async def _head(self, folder: Path) -> str:
        try:
            return await self.git.run("rev-parse", "--verify", "--quiet", "HEAD", folder=folder)
        except GitError:
            return ""  # nothing was checked out yet

    def _ref(self) -> str:
        return f"refs/heads/{self.branch}" if self.branch else "HEAD"

    def _is_ours(self) -> bool:
        """Tell whether the folder is a whole clone of what is asked for, with nothing left from a process that died."""
        git = self.folder / ".git"
        try:
            return (git / _MARK).read_text("utf-8") == self._what() and not list(git.glob("*.lock"))
        except OSError:
            return False

    def _what(self) -> str:
        return f"{self.url}\n{self.path}\n"


def _put(fresh: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    fresh.replace(place)
