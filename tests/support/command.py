"""The command line, called as a person calls it."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO
from unittest import mock

from gridproof.sweeps.cli.app import main

# In a process of its own.
COMMAND = [sys.executable, "-m", "gridproof"]


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


def gridproof(*arguments: object, expect: int = 0, encoding: str = "utf-8") -> Ended:
    """Run ``gridproof ARGUMENTS`` in this process; it must exit with code ``expect``, and raise nothing else.

    Standard output and error are files with this encoding, which the command opens again as it does those of a process.
    """
    with TemporaryFile() as out, TemporaryFile() as err:
        streams = {"stdout": _stream(out, encoding, "strict"), "stderr": _stream(err, encoding, "backslashreplace")}
        streams |= {f"__{name}__": stream for name, stream in streams.items()}
        code: object = 0
        with mock.patch.multiple(sys, argv=["gridproof", *map(str, arguments)], **streams):
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
        stdout, stderr = (_text(file, encoding) for file in (out, err))
    assert code == expect, stderr
    return Ended(expect, stdout, stderr)


def _stream(file: IO[bytes], encoding: str, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(file.fileno(), "wb", closefd=False), encoding, errors)


def _text(file: IO[bytes], encoding: str) -> str:
    file.seek(0)
    return file.read().decode(encoding)
