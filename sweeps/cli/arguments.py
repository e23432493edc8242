"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridproof.sweeps.cli.help import VARIABLE
from gridproof.sweeps.study.shipped import shipped_names

StudyArgument = Annotated[
    str,
    typer.Argument(metavar="STUDY", help=f"A study file, or a shipped study: {', '.join(shipped_names())}."),
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Folder or URL of a finished run or search.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the market's files. Default: the study's market.path."),
]
TopOption = Annotated[
    int, typer.Option("--top", metavar="N", min=1, max=1000, help="How many of the best variants to show.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="AXIS=VALUE",
        help="Replace the values of an axis, or a setting: lag=2, trend.window=200,243 or trend.window=200:280:1 "
        "(from:to:step). Repeat it for several.",
    ),
]
OutOption = Annotated[
    str,
    typer.Option("--out", metavar="DIR|URL", help="Where run folders go: a folder, or a URL such as s3://bucket/runs."),
]
BackendOption = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="What evaluates the variants: cpu, cuda, reference (slow, plain NumPy), or auto: cuda where it was proven "
        "on this GPU, else cpu.",
    ),
]
VerdictOption = Annotated[
    bool,
    typer.Option(
        "--verdict/--no-verdict", help="Also compute the statistics: how much of the best result may be selection."
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option("--ray", metavar="local|auto|HOST:PORT", help="Evaluate on a Ray cluster; see docs/cluster.md."),
]
WorkersOption = Annotated[int | None, typer.Option("--workers", metavar="N", help="With --ray: at most N workers.")]
HoursOption = Annotated[
    float | None, typer.Option("--max-hours", metavar="H", help="Stop after H hours; the same command resumes.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
LanguageOption = Annotated[
    Literal["en", "zh"],
    typer.Option("--lang", envvar=VARIABLE, help="Language of all texts: English or Chinese."),
]
