"""Modules of tests in several forks of one process, which has imported and collected them once for all.

Processes that each collect for themselves import everything once a process: with four, in a fresh clone, that costs a
CPU minute and a half more.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import time
import weakref
from collections import deque
from itertools import groupby
from typing import Any

import pytest

# Seconds for the forks to leave when the tests are interrupted.
_PARTING = 20.0


class Forks:
    """Each fork takes the next module, in the order of collection, until none is left; its reports are this one's."""

    def __init__(self, config: pytest.Config, count: int) -> None:
        self._config, self._count = config, count
        self._forks: dict[int, _Fork] = {}  # by the file descriptor of its messages

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or self._config.option.collectonly:
            return None
        modules = [[*items] for _, items in groupby(session.items, key=lambda item: item.path)]
        # A pipe is a queue: who reads a number takes a module.
        numbers, writing = os.pipe()
        os.write(writing, b"".join(number.to_bytes(2, "big") for number in range(len(modules))))
        os.close(writing)
        self._config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # one for all
        try:
            for _ in range(self._count):
                self._begin(modules, numbers)
            while self._forks:
                for reading in select.select([*self._forks], [], [])[0]:
                    self._hear(session, self._forks[reading], modules, numbers)
        finally:
            self._part()
            os.close(numbers)
        return True

    def _begin(self, modules: list[list[pytest.Item]], numbers: int) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            code = 1
            try:
                _own_endings()
                for other in (reading, *self._forks):
                    os.close(other)
                _Worker(self._config, writing).work(modules, numbers)
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        self._forks[reading] = _Fork(pid, reading)

    def _hear(self, session: pytest.Session, fork: _Fork, modules: list[list[pytest.Item]], numbers: int) -> None:
        """Take what a fork has sent. One that is lost fails its tests, and another one goes on."""
        for message in fork.messages():
            if message is None:
                done = fork.left.popleft()
                session.ihook.pytest_runtest_logfinish(nodeid=done.nodeid, location=done.location)
            elif isinstance(message, int):
                fork.left += modules[message]
            else:
                report = self._config.hook.pytest_report_from_serializable(config=self._config, data=message)
                session.ihook.pytest_runtest_logreport(report=report)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        if not fork.ended:
            return
        del self._forks[fork.reading]
        code = fork.wait()
        for item in fork.left:
            why = f"not run to its end: its process was lost, exit code {code}"
            lost = pytest.TestReport(item.nodeid, item.location, {}, "failed", why, "call")
            session.ihook.pytest_runtest_logreport(report=lost)
        if code:
            self._begin(modules, numbers)

    def _part(self) -> None:
        for fork in self._forks.values():
            os.kill(fork.pid, signal.SIGINT)
        deadline = time.monotonic() + _PARTING
        for fork in self._forks.values():
            fork.wait(deadline)
        self._forks.clear()


def _own_endings() -> None:
    """What the parent does at its end is not done here; temporary folders that are made here go at this one's end."""
    atexit._clear()
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]


class _Fork:
    """A fork as its parent sees it. left: the tests of the modules it has taken that have not ended, in their order."""

    def __init__(self, pid: int, reading: int) -> None:
        self.pid, self.reading, self.ended = pid, reading, False
        self.left: deque[pytest.Item] = deque()
        self._text = b""

    def messages(self) -> list[Any]:
        """Those that have arrived: the number of a module that it takes, a report, or None: a test has ended."""
        more = os.read(self.reading, 2**20)
        self.ended = not more
        *lines, self._text = (self._text + more).split(b"\n")
        return [json.loads(line) for line in lines]

    def wait(self, deadline: float | None = None) -> int:
        """Its exit code. It is killed at the deadline, in seconds of the monotonic clock."""
        while deadline is not None and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                break
            time.sleep(0.01)
        os.close(self.reading)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class _Worker:
    """A fork as it sees itself."""

    def __init__(self, config: pytest.Config, writing: int) -> None:
        self._config = config
        self._pipe = os.fdopen(writing, "w", encoding="utf-8")
        plugins = config.pluginmanager
        for name in ("terminalreporter", "forks"):
            plugins.unregister(name=name)
        plugins.register(self)
        # The file that output is captured in would be that of all forks.
        capture: Any = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()
        capture.start_global_capturing()
        capture.suspend_global_capture()

    def work(self, modules: list[list[pytest.Item]], numbers: int) -> None:
        try:
            left: deque[pytest.Item] = deque()
            while left or self._take(modules, numbers, left):
                item = left.popleft()
                if not left:  # what the next test needs too is not torn down
                    self._take(modules, numbers, left)
                self._config.hook.pytest_runtest_protocol(item=item, nextitem=left[0] if left else None)
                self._send(None)
        finally:
            self._config.pluginmanager.get_plugin("apart").close()
            atexit._run_exitfuncs()
            self._pipe.close()

    def _take(self, modules: list[list[pytest.Item]], numbers: int, left: deque[pytest.Item]) -> bool:
        number = os.read(numbers, 2)
        if number:
            self._send(int.from_bytes(number, "big"))
            left += modules[int.from_bytes(number, "big")]
        return bool(number)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._send(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def _send(self, message: object) -> None:
        print(json.dumps(message), file=self._pipe, flush=True)
