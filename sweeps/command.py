"""The command line."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gridproof.kernels.backend import NAMES
from gridproof.kernels.errors import InputError
from gridproof.signals.catalogue import MEASURES, Measure
from gridproof.sweeps.point import evaluate_point
from gridproof.sweeps.run import Run, market_of, run_study
from gridproof.sweeps.schema import study_schema
from gridproof.sweeps.study import SHIPPED, load_study, parse_changes

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Is a published timing or rotation strategy robust, or a fluke of its thresholds? "
    "Write it as one study file; gridproof evaluates every variant around it and shows where it stands.",
)
console = Console(highlight=False, soft_wrap=True)

StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, or a shipped study: " + ", ".join(sorted(path.stem for path in SHIPPED.glob("*.yaml"))),
    ),
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
DataOption = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Folder of the market's files.")]
TopOption = Annotated[int, typer.Option("--top", metavar="N", min=1, max=1000, help="How many of the best to show.")]
_COLUMNS = ("sharpe", "cagr", "volatility", "max_drawdown", "switches", "after.sharpe", "after.cagr")


def main() -> None:
    """The entry point: an InputError is one line on stderr and exit code 2."""
    try:
        app(standalone_mode=True)
    except InputError as error:
        print(f"gridproof: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("gridproof: stopped; every finished tile is kept, the same command goes on from there", file=sys.stderr)
        sys.exit(130)


@app.command()
def run(
    study: StudyArgument,
    data: DataOption = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="AXIS=VALUE", help="Other values on an axis: 243, 200,243 or 200:280:1."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where run folders go.")] = Path("runs"),
    backend: Annotated[str, typer.Option(metavar="|".join(NAMES), help="What computes.")] = "auto",
    sample: Annotated[int | None, typer.Option(metavar="N", help="Only N variants, drawn at random.")] = None,
    top: TopOption = 10,
) -> None:
    """Evaluate every variant of STUDY; resume where an earlier call stopped."""
    checked = load_study(study).set(parse_changes(set_ or []))
    with _progress() as progress, _terminated():
        result = run_study(checked, data, out, backend, sample, progress)
    if result.reused:
        console.print("Nothing is left to do: this study was evaluated before on the same data.")
    _print_summary(result, top)


@app.command()
def point(
    study: StudyArgument,
    values: Annotated[list[str] | None, typer.Argument(metavar="[AXIS=VALUE]...", help="Else the base.")] = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all metrics as JSON.")] = False,
    curve: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the daily curve.")] = None,
) -> None:
    """Evaluate one variant of STUDY, day by day."""
    checked = load_study(study)
    result = evaluate_point(checked, market_of(checked, data), parse_changes(values or []))
    if curve is not None:
        result.curve.to_csv(curve, index=False)
    if as_json:
        print(json.dumps(result.record(), indent=2, allow_nan=False, ensure_ascii=False))
        return
    table = Table("metric", "in sample", box=None, title=_spoken(result.parameters), title_justify="left")
    columns = {"in sample": result.in_sample}
    if result.after_publication is not None:
        columns["after publication"] = result.after_publication
        table.add_column("after publication")
    if result.hindsight is not None:
        columns["in hindsight, not tradable"] = result.hindsight
        table.add_column("in hindsight, not tradable")
    for metric in result.in_sample:
        if metric != "exposure_by_leg":
            table.add_row(metric, *(_number(metric, column[metric]) for column in columns.values()))
    console.print(table)


@app.command()
def show(
    run: RunArgument,
    top: TopOption = 20,
    sql: Annotated[
        str | None,
        typer.Option(metavar="QUERY", help="A DuckDB query over the tables variants, top, surfaces, curves."),
    ] = None,
) -> None:
    """Show a finished RUN: its summary and its best, or the answer to a query."""
    if sql is None:
        _print_summary(Run(run), top)
    else:
        print(Run(run).sql(sql).to_string(index=False))


@app.command()
def report(run: RunArgument) -> None:
    """Write RUN's report.html anew."""
    console.print(str(Run(run).report()))


@app.command()
def signals(name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None) -> None:
    """The catalogue of measures: inputs, parameters, source."""
    if name is not None and name not in MEASURES:
        raise InputError("a measure must be in the catalogue", name, "NAME", f"Use one of {', '.join(MEASURES)}")
    for measure in [MEASURES[name]] if name is not None else MEASURES.values():
        _print_measure(measure)


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of printing it.")] = None,
) -> None:
    """The JSON schema of a study file, for editors."""
    text = json.dumps(study_schema(), indent=2) + "\n"
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        console.print(f"{out}: point your editor's YAML schema there, for example with the first line\n"
                      f"# yaml-language-server: $schema={out}", markup=False)  # fmt: skip


@app.command()
def demo(out: Annotated[Path, typer.Option(metavar="DIR", help="Where run folders go.")] = Path("runs")) -> None:
    """Run the embedded study us-demo, on data that is installed with gridproof."""
    run("us-demo", out=out)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        new = task.fields.get("new", 0)
        if not new or not task.elapsed:
            return Text("-")
        return Text(f"{new / task.elapsed:,.0f} variants/s")


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on a terminal; elsewhere a plain line at every tenth."""
    if not console.is_terminal:
        shown = -1

        def line(done: int, total: int, new: int) -> None:
            nonlocal shown
            tenth = done * 10 // total
            if tenth > shown:
                shown = tenth
                console.print(f"{done:,} of {total:,} variants")

        yield line
        return
    columns = (TextColumn("evaluating"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,}"), _Rate(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task: Any = None

        def advance(done: int, total: int, new: int) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task("", total=total, completed=done)
            bar.update(task, completed=done, new=new)

        yield advance


@contextmanager
def _terminated() -> Iterator[None]:
    """A polite kill stops like Ctrl-C."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_summary(result: Run, top: int) -> None:
    summary = result.summary
    objective = summary["objective"]
    counted = f"{summary['evaluated']:,} of {summary['variants']:,}" if summary["sample"] else f"{summary['variants']:,}"
    console.print(f"[bold]{summary['study']}[/bold]: {counted} variants, {summary['distinct']:,} distinct, "
                  f"backend {summary['backend']}")  # fmt: skip
    table = Table("", "base", "best", box=None)
    after = summary["base"]["after_publication"] is not None
    for segment, title in (("in_sample", "in sample"), *((("after_publication", "after publication"),) if after else ())):
        for metric in ("sharpe", "cagr", "volatility", "max_drawdown", "switches"):
            cells = [_number(metric, summary[who][segment][metric]) for who in ("base", "best")]
            table.add_row(f"{metric}, {title}", *cells)
    for axis in summary["axes"]:
        if len(axis["values"]) > 1:
            table.add_row(axis["name"], *(str(summary[who]["parameters"][axis["name"]]) for who in ("base", "best")))
    console.print(table)
    if summary["base"]["percentile"] is not None:
        console.print(f"By {objective} the base lies above {summary['base']['percentile']:.1f} % of the variants in sample", end="")
        later = summary["base"]["percentile_after_publication"]
        console.print(f", above {later:.1f} % after publication." if later is not None else ".")
    frame = result.top(top)
    several = [axis["name"] for axis in summary["axes"] if len(axis["values"]) > 1]
    best = Table("rank", "equal", *several, *(name for name in _COLUMNS if name in frame), box=None)
    for _, row in frame.iterrows():
        best.add_row(
            str(row["rank"]),
            f"{row['equal']:,}",
            *(str(row[name]) for name in several),
            *(_number(name.removeprefix("after."), row[name]) for name in _COLUMNS if name in frame),
        )
    console.print(best)
    console.print(f"{result.folder / 'report.html'}", soft_wrap=True)


def _print_measure(measure: Measure) -> None:
    counts = " or ".join(map(str, measure.inputs))
    console.print(f"[bold]{measure.name}[/bold]  of {counts} series")
    console.print(f"  {measure.meaning}.", markup=False)
    for name, parameter in measure.parameters.items():
        default = "required" if parameter.default is None else f"default {parameter.default}"
        choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
        console.print(f"  {name}: {parameter.meaning}{choices}; {default}", markup=False)
    bits = " and ".join(f"NAME.{bit}" if bit else "NAME" for bit in measure.bits)
    decides = f"decides {bits}" if bits else "goes through a latch: on_above, off_below or off_gap"
    console.print(f"  {decides}", markup=False)
    console.print(f"  source: {measure.source}\n", markup=False)


def _number(metric: str, value: float | None) -> str:
    if value is None or value != value:
        return "undefined"
    if metric in ("total_return", "cagr", "volatility", "max_drawdown", "exposure"):
        return f"{value:.2%}"
    return f"{value:,.0f}" if metric == "switches" else f"{value:.3f}"


def _spoken(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items())

