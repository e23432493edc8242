"""Arguments that several commands share, and how a polite kill stops them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from gridproof.kernels.backend import NAMES
from gridproof.sweeps.study.study import SHIPPED

StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, or a shipped study: " + ", ".join(sorted(path.stem for path in SHIPPED.glob("*.yaml"))),
    ),
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The folder, or the URL, of a finished run or search.")]
DataOption = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Folder of the market's files.")]
TopOption = Annotated[int, typer.Option("--top", metavar="N", min=1, max=1000, help="How many of the best to show.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="AXIS=VALUE", help="Other values on an axis: 243, 200,243 or 200:280:1."),
]
OutOption = Annotated[
    str,
    typer.Option("--out", metavar="DIR|URL", help="Where run folders go: a folder, or a URL such as s3://bucket/runs."),
]
BackendOption = Annotated[str, typer.Option("--backend", metavar="|".join(NAMES), help="What computes.")]
VerdictOption = Annotated[
    bool, typer.Option("--verdict/--no-verdict", help="Compute the statistics of the sweep, how much of it is luck.")
]
RayOption = Annotated[
    str | None,
    typer.Option("--ray", metavar="local|auto|HOST:PORT", help="Spread the work over a Ray cluster (docs/cluster.md)."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="With --ray, at most N workers; an autoscaler starts as many."),
]
HoursOption = Annotated[float | None, typer.Option("--max-hours", metavar="H", help="Stop after H hours, resumable.")]


@contextmanager
def terminated() -> Iterator[None]:
    """A polite kill stops like Ctrl-C."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
