"""Standard output and error that fail nothing: what cannot be written is dropped."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


def make_streams_safe() -> None:
    """Let nothing fail because standard output or error is closed, full, or has no Korean."""
    _open_closed_streams()
    sys.stdout, sys.stderr = _never_failing(sys.stdout), _never_failing(sys.stderr)


class _Output(io.FileIO):
    """Standard output or error that drops what cannot be written, such as on a full disk.

    Only that nobody reads standard output any more is raised, once: then nothing more need be printed.
    """

    is_read = True

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            if self.fileno() == 1 and self.is_read:
                self.is_read = False
                raise
        except OSError:
            pass
        return memoryview(data).nbytes


def _open_closed_streams() -> None:
    """Put the null device in place of streams that are closed: else a file of ours would get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


def _never_failing(stream: TextIO) -> TextIO:
    """Give an output that never fails, nor because a terminal has no Korean."""
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.isatty() or stream is sys.stderr,
    )
