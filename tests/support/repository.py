"""A git repository on this machine, and its author."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Repository:
    """A bare repository, and a checkout in which its author works."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.work = folder / "bare.git", folder / "work"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        git(folder, "clone", "--quiet", str(self.bare), str(self.work))
        git(self.bare, "config", "uploadpack.allowFilter", "true")
        git(self.work, "checkout", "--quiet", "-b", "main")

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    def write(self, name: str, text: str) -> None:
        (self.work / name).parent.mkdir(exist_ok=True)
        (self.work / name).write_text(text, "utf-8")

    def push(self, *options: str, branch: str = "main") -> None:
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message=more", *[one for one in options if one == "--amend"])
        git(self.work, "push", "--quiet", *[one for one in options if one != "--amend"], "origin", f"HEAD:{branch}")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and give what it prints."""
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.hooksPath=/dev/null"]
    return subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
