"""Tests in a pytest of their own, one for each module that asks for it, reported test by test as if they ran here.

Ray reads its settings once for a process and leaves threads, handlers and open files in it: in the process of all
other tests a cluster would depend on what ran before, and disturb what runs after.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.rays import ROOT, ray_environment

# Where a child writes its reports: a file descriptor, set in a child alone.
_REPORTS = "GRIDPROOF_TEST_REPORTS"
# Seconds without a report until a child is given up.
_PATIENCE = 240.0
# Seconds for a child to leave after its last report.
_PARTING = 20.0


def in_a_child() -> bool:
    return _REPORTS in os.environ


class Reporting:
    """In a child: every report goes to the parent."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        number = int(os.environ[_REPORTS])
        os.set_inheritable(number, False)
        self._pipe = os.fdopen(number, "w", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        print(json.dumps(data), file=self._pipe, flush=True)


class Apart:
    """In the parent: tests marked ``own_process`` are run by a child, and its reports are this one's."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._children: dict[Path, _Child] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if item.get_closest_marker("own_process") is None:
            return None
        if item.path not in self._children:
            own = [each for each in item.session.items if each.path == item.path]
            names = [each.nodeid for each in own if each.get_closest_marker("own_process")]
            self._children[item.path] = _Child(names, _compiled(self._config))
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for data in self._children[item.path].reports(item):
            report = item.ihook.pytest_report_from_serializable(config=self._config, data=data)
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        # What tests before this one, in its module, have set up here for the last time.
        item.session._setupstate.teardown_exact(nextitem)
        return True

    def pytest_sessionfinish(self) -> None:
        self.close()

    def close(self) -> None:
        for child in self._children.values():
            child.close()


def _compiled(config: pytest.Config) -> dict[str, str]:
    """Where the compiled CUDA sources are kept, for a child, which has no cache of pytest's."""
    cache: pytest.Cache | None = getattr(config, "cache", None)
    return {} if cache is None else {"GRIDPROOF_SHIM": str(cache.mkdir("shim"))}


class _Child:
    def __init__(self, tests: list[str], environment: dict[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gridproof-")
        folder = Path(self._folder.name)
        reading, writing = os.pipe()
        # Ray opens files and sockets that it does not close.
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore::ResourceWarning", *tests]
        self._said = (folder / "output").open("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | ray_environment(folder) | environment | {_REPORTS: str(writing)},
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(writing)
        self._pipe = reading
        self._text = b""
        self._left = len(tests)

    def reports(self, item: pytest.Item) -> Iterator[dict[str, Any]]:
        """Those of one test, the last of which is its teardown's; a failure where the child is lost over it."""
        while (data := self._report()) is not None:
            yield data
            if data["when"] == "teardown":
                self._left -= 1
                return
        self._kill()
        self._said.seek(0)
        why = f"its pytest was lost, exit code {self._process.returncode}, and said:\n{self._said.read()[-8000:]}"
        lost = pytest.TestReport(item.nodeid, item.location, {}, "failed", why, "call")
        yield item.config.hook.pytest_report_to_serializable(config=item.config, report=lost)

    def _report(self) -> dict[str, Any] | None:
        """The next one; None where the child has ended, or has been silent for too long."""
        deadline = time.monotonic() + _PATIENCE
        while b"\n" not in self._text:
            ready, _, _ = select.select([self._pipe], [], [], max(0.0, deadline - time.monotonic()))
            more = os.read(self._pipe, 2**16) if ready else b""
            if not more:
                return None
            self._text += more
        line, _, self._text = self._text.partition(b"\n")
        data: dict[str, Any] = json.loads(line)
        return data

    def close(self) -> None:
        """What it started goes with it."""
        try:
            self._process.wait(0.0 if self._left else _PARTING)
        except subprocess.TimeoutExpired:
            self._kill()
        os.close(self._pipe)
        self._said.close()
        self._folder.cleanup()

    def _kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
