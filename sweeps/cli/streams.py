"""Standard output and error of the command line, whatever they are connected to."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
from contextlib import suppress
from typing import Any

from gridproof.results.texts.spoken import say
from gridproof.sweeps.progress.plain_text import PLAIN, printable

_NAMES = {"stdout": "standard output", "stderr": "standard error"}


class _Output(io.FileIO):
    """A stream whose reader may leave, as ``head`` does: what is written afterwards is dropped, and the work goes on.

    An OSError of another kind, such as that of a full disk, names the stream and is raised once.
    """

    def __init__(self, number: int, name: str) -> None:
        super().__init__(number, "wb", closefd=False)
        self._called = name
        # A terminal that was closed fails with EIO.
        terminal = stat.S_ISCHR(os.fstat(number).st_mode)
        self._gone = (errno.EPIPE, errno.EIO) if terminal else (errno.EPIPE,)
        self._failed = False

    def write(self, data: Any) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            if self._failed or error.errno in self._gone:
                return memoryview(data).nbytes
            self._failed = True
            error.filename = self._called
            raise


def open_streams() -> None:
    """Replace ``sys.stdout`` and ``sys.stderr`` by streams that no character and no reader who leaves can stop."""
    for name, called in _NAMES.items():
        stream = getattr(sys, name)
        if stream is None:  # closed when the process was started
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8", errors=PLAIN))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            stream.flush()
            raw = _Output(stream.fileno(), called)
            buffered = stream.line_buffering or stream.write_through or raw.isatty()
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, PLAIN, None, buffered))


def print_error(text: str) -> None:
    """Print one line on standard error, in the language."""
    with suppress(OSError):  # there is nowhere else to say it
        print(f"gridproof: {printable(say(text))}", file=sys.stderr)


def print_json(record: Any) -> None:
    """Print a record as JSON; characters that the stream's encoding lacks are escaped."""
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
        plain = printable(text, lines=True) == text
    except UnicodeEncodeError:
        plain = False
    print(text if plain else json.dumps(record, indent=2, allow_nan=False))
