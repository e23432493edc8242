"""Reports when Numba compiles a kernel, as in a first run; a kernel read from the cache is not compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_KIND = "numba:compile"


class CompilationReports:
    """Between ``begin`` and ``end`` calls ``report(compiled, active)`` as an outermost compilation starts and ends.

    compiled: how many kernels were compiled so far, with those that they call. active: whether one is being compiled.
    """

    def __init__(self, report: Callable[[int, bool], None]) -> None:
        self._report = report
        self._listener: Any = None

    def begin(self) -> None:
        from numba.core import event

        report = self._report

        class Listener(event.Listener):  # type: ignore[misc]
            def __init__(self) -> None:
                self.compiled = self.depth = 0

            def on_start(self, _event: Any) -> None:
                self.depth += 1
                if self.depth == 1:
                    report(self.compiled, True)

            def on_end(self, _event: Any) -> None:
                self.depth -= 1
                self.compiled += 1
                if self.depth == 0:
                    report(self.compiled, False)

        self._listener = Listener()
        event.register(_KIND, self._listener)

    def end(self) -> None:
        from numba.core import event

        event.unregister(_KIND, self._listener)
