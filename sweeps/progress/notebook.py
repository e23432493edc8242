"""Progress in a notebook: one output, updated in place."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from gridproof.sweeps.progress.display import Display
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.progress.stage import UNITS, Stage, duration

# Seconds between two drawings.
_DRAW_EVERY = 0.5


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel (ipykernel)."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and shell.has_trait("kernel") and shell.kernel is not None


@contextmanager
def observed(observer: RunObserver | None) -> Iterator[RunObserver]:
    """The caller's observer; where there is none a display in a notebook, and silence elsewhere."""
    if observer is not None:
        yield observer
    elif in_notebook():
        with NotebookDisplay() as display:
            yield display
    else:
        yield RunObserver()


class NotebookDisplay(Display):
    """A table of stages, each with a bar and the time left; notices stand below."""

    def __init__(self) -> None:
        super().__init__(_DRAW_EVERY)
        self._handle: Any = None
        self._drawn = 0.0
        self._notices: list[str] = []

    def draw(self, stage: Stage, now: float, *, new: bool, tick: bool) -> None:
        if new or tick or stage.finished or now - self._drawn >= _DRAW_EVERY:
            self._show(now)

    def notice(self, text: str) -> None:
        with self.lock:
            self._notices.append(text)
            self._show(time.monotonic())

    def _show(self, now: float) -> None:
        from IPython.display import HTML, display  # type: ignore[import-not-found]

        self._drawn = now
        page = HTML(self.html(now))
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)

    def html(self, now: float) -> str:
        """What is shown at a time of the monotonic clock."""
        rows = "".join(self._row(stage, now) for stage in self.stages.values())
        notices = "".join(f"<div>{escape(text)}</div>" for text in self._notices)
        return f'<table style="text-align:left">{rows}</table>{notices}'

    def _row(self, stage: Stage, now: float) -> str:
        if stage.finished:
            facts = f"{stage.count()}, {duration(stage.updated - stage.began)}"
        else:
            facts = stage.line(now, self.rates if stage.name in UNITS else "").removeprefix(f"{stage.name}: ")
        value = "" if stage.share is None else f' value="{stage.share:.4f}"'
        cells = (escape(stage.name), f'<progress max="1"{value}></progress>', escape(facts))
        columns = "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells)
        return f"<tr>{columns}</tr>"
