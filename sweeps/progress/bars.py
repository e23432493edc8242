"""Progress on a terminal: one bar for each stage."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from gridproof.results.texts.spoken import say
from gridproof.sweeps.progress.display import Display
from gridproof.sweeps.progress.stage import UNITS, Stage, duration


class _Facts(ProgressColumn):
    """Share, count, rate, time left and details of a stage, as they are now."""

    def render(self, task: Task) -> Text:
        stage, nodes = task.fields["stage"], task.fields["nodes"]
        now = time.monotonic()
        if stage.finished:
            return Text(", ".join((say(stage.count()), say(duration(stage.updated - stage.began)))))
        return Text(stage.facts(now, nodes))


class BarDisplay(Display):
    """Bars of rich, which draws them again by itself."""

    def __init__(self, console: Console) -> None:
        super().__init__(3600.0)
        self._console = console
        name = TextColumn("{task.description}", markup=False)
        self._bars = Progress(name, BarColumn(20), _Facts(), console=console)
        self._tasks: dict[str, TaskID] = {}

    def draw(self, stage: Stage, now: float, *, new: bool, tick: bool) -> None:
        total, nodes = stage.total or None, self.rates if stage.name in UNITS else ""
        if new or stage.name not in self._tasks:
            self._tasks[stage.name] = self._bars.add_task(
                stage.title.rstrip(":："), total=total, stage=stage, nodes=nodes
            )
        self._bars.update(self._tasks[stage.name], total=total, completed=stage.done, nodes=nodes)

    def notice(self, text: str) -> None:
        self._console.print(say(text), markup=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return super().__enter__()

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(type_, value, trace)
        self._bars.stop()
