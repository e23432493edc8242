"""Starts gridproof's command line in child processes, and says how each of them ended."""

from __future__ import annotations

import atexit
import faulthandler
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.driver import TRAP, command_line
from benchmarks.reliability.trap import Trap

ROOT = Path(__file__).resolve().parents[2]
# Seconds after which a command counts as one that never ends.
PATIENCE = 90.0
# A command on inputs this small must not need more.
MEMORY_MIB = 2_000
# Address space that a forked command may take beyond what this process has.
_ADDRESSES = 4 << 30


@dataclass(frozen=True)
class Ended:
    """code: the exit code, or minus the number of the signal. hung: it was ended because it took too long."""

    code: int
    output: str
    errors: str
    hung: bool
    peak_mib: float

    @property
    def traceback(self) -> bool:
        return "Traceback (most recent call last)" in self.errors + self.output or self.code in (
            -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE)  # fmt: skip

    @property
    def last_line(self) -> str:
        lines = [line.strip() for line in (self.errors.strip() or self.output.strip()).splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


class Process:
    """A command in a process of its own, the leader of its process group; output and errors go to files beside log.

    held: MiB that a fork has from the process that forked it, which are not the command's.
    """

    def __init__(self, pid: int, log: Path, held: float = 0.0) -> None:
        self.pid, self._log, self._held = pid, log, held
        self._began, self._peak = time.monotonic(), 0.0
        self._status: int | None = None

    def running(self) -> bool:
        if self._status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._status, self._peak = status, usage.ru_maxrss / 1024 - self._held
        return self._status is None

    def kill(self, number: int) -> None:
        """Send a signal to the process alone; its children, such as Ray's, stay."""
        if self.running():
            os.kill(self.pid, number)

    def ended(self, patience: float = PATIENCE) -> Ended:
        """Wait for the end, at most ``patience`` seconds from the start; then the process dumps its stacks and dies."""
        hung = False
        while self.running():
            if time.monotonic() > self._began + patience:
                hung = True
                os.kill(self.pid, signal.SIGABRT)
                time.sleep(0.5)
                self.kill(signal.SIGKILL)
            time.sleep(0.003)
        assert self._status is not None
        texts = [Path(f"{self._log}.{end}").read_text("utf-8", "replace") for end in ("out", "err")]
        return Ended(os.waitstatus_to_exitcode(self._status), texts[0], texts[1], hung, self._peak)


def fork(
    work: Callable[[], int], log: Path, environment: Mapping[str, str] | None = None, file_limit: int = 0
) -> Process:
    """Call ``work`` in a fork of this process, which has imported and compiled everything; it exits with its result.

    file_limit: the size that no file may exceed, in bytes; 0: none.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, where threads run
        pid = os.fork()
    if pid:
        return Process(pid, log, _held()[1] / 2**20)
    code = 70
    try:
        os.setsid()
        atexit._clear()  # what this process registered is its own
        _redirect(log)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        faulthandler.enable(all_threads=True)
        os.environ.update(environment or {})
        used = _held()[0]
        resource.setrlimit(resource.RLIMIT_AS, (used + _ADDRESSES, used + _ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if file_limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
        code = work()
    except BaseException:  # noqa: BLE001 - as an interpreter ends: with a traceback
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        try:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _held() -> tuple[int, int]:
    """Bytes of address space and of memory that this process has."""
    pages = Path("/proc/self/statm").read_text().split()
    return int(pages[0]) * os.sysconf("SC_PAGE_SIZE"), int(pages[1]) * os.sysconf("SC_PAGE_SIZE")


def forked(
    arguments: Sequence[object],
    piece: int,
    log: Path,
    trap: Trap | None = None,
    environment: Mapping[str, str] | None = None,
    file_limit: int = 0,
) -> Process:
    """The command line in a fork of this process."""
    return fork(lambda: command_line(arguments, piece, trap), log, environment, file_limit)


def fresh(
    arguments: Sequence[object],
    piece: int,
    log: Path,
    trap: Trap | None = None,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """The command line in a new interpreter, as a person starts it."""
    command = [sys.executable, "-m", "benchmarks.reliability.driver", str(piece), *map(str, arguments)]
    variables = os.environ | dict(environment or {}) | ({TRAP: trap.text()} if trap is not None else {})
    with open(f"{log}.out", "wb") as output, open(f"{log}.err", "wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
            start_new_session=True)  # fmt: skip
    process.returncode = 0  # waited for here, with its memory
    return Process(process.pid, log)


def _redirect(log: Path) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for number, end in ((1, "out"), (2, "err")):
        file = os.open(f"{log}.{end}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.close(null)
    # Those of this process may write elsewhere, as pytest's do.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        mode, errors = ("r" if number == 0 else "w"), ("backslashreplace" if number == 2 else "strict")
        stream = os.fdopen(number, mode, encoding="utf-8", errors=errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
