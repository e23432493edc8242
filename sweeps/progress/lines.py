"""Progress as plain lines: for logs, pipes and whatever else is no terminal."""

from __future__ import annotations

import sys
import time

from gridproof.results.texts.spoken import say
from gridproof.sweeps.progress.display import COMPILING, Display
from gridproof.sweeps.progress.plain_text import printable
from gridproof.sweeps.progress.stage import UNITS, Stage

# Seconds between two lines of a stage that goes on.
LINE_EVERY = 10.0
# A stage that took fewer seconds, and has no unit, does not report its end.
_SHORT = 3.0


class LineDisplay(Display):
    """One line at least every ``LINE_EVERY`` seconds, and one when a stage ends."""

    def __init__(self) -> None:
        super().__init__(LINE_EVERY / 10)
        self._printed = time.monotonic()
        self._detail = ""
        self._ended: Stage | None = None

    def draw(self, stage: Stage, now: float, *, new: bool, tick: bool) -> None:
        due = now - self._printed >= LINE_EVERY
        ends = stage.finished and stage is not self._ended
        if stage.finished:
            self._ended = stage
        if stage.name == COMPILING:
            wanted = new or due
        elif stage.name in UNITS:
            resumed = new and stage.done > 0
            wanted = due or resumed or ends
        else:
            ended = ends and now - stage.began >= _SHORT
            wanted = due or ended or stage.detail not in ("", self._detail)
            self._detail = stage.detail or self._detail
        if wanted:
            self._printed = now
            self.notice(stage.line(now, self.rates if stage.name in UNITS else ""))

    def notice(self, text: str) -> None:
        print(printable(say(text)), file=sys.stdout, flush=True)
