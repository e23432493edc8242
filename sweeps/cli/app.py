"""The command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.ledger import ledger_record, ledger_rows
from gridproof.results.run.run import Run
from gridproof.signals.catalogue import MEASURES
from gridproof.signals.synthetic.market import TRUTH, draw_market, write_market
from gridproof.signals.synthetic.panel import write_panel
from gridproof.sweeps.cli.arguments import (
    BackendOption,
    DataOption,
    HoursOption,
    OutOption,
    RayOption,
    RunArgument,
    SetOption,
    StudyArgument,
    TopOption,
    VerdictOption,
    WorkersOption,
    terminated,
)
from gridproof.sweeps.cli.display import (
    console,
    print_ledger,
    print_measure,
    print_point,
    print_summary,
    print_verdict,
    show_progress,
)
from gridproof.sweeps.cli.search import search
from gridproof.sweeps.execution.budget import Budget
from gridproof.sweeps.execution.executor import IncompleteError
from gridproof.sweeps.execution.ledger_entries import FOLDER
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.run_store import RunStore, open_run_store
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.run import judge_run, market_of, run_study
from gridproof.sweeps.study.schema import study_schema
from gridproof.sweeps.study.study import load_study, parse_changes

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Is a published timing or rotation strategy robust, or a fluke of its thresholds? "
    "Write it as one study file; gridproof evaluates every variant around it and shows where it stands.",
)


def main() -> None:
    """The entry point: an InputError, or a place that cannot be written, is one line on stderr and exit code 2."""
    try:
        app(standalone_mode=True)
    except InputError as error:
        print(f"gridproof: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"gridproof: {error.filename}: the place must be usable; got {error.strerror}.", file=sys.stderr)
        sys.exit(2)


@app.command()
def run(
    study: StudyArgument,
    data: DataOption = None,
    set_: SetOption = None,
    out: OutOption = "runs",
    backend: BackendOption = "auto",
    sample: Annotated[int | None, typer.Option(metavar="N", help="Only N variants, drawn at random.")] = None,
    verdict: VerdictOption = True,
    top: TopOption = 10,
    ray: RayOption = None,
    workers: WorkersOption = None,
    max_hours: HoursOption = None,
    max_cost: Annotated[float | None, typer.Option(metavar="X", help="Stop once X is spent, resumable.")] = None,
    node_hour_price: Annotated[float | None, typer.Option(metavar="X", help="What a node costs an hour.")] = None,
) -> None:
    """Evaluate every variant of STUDY; resume where an earlier call stopped."""
    checked = load_study(study).set(parse_changes(set_ or []))
    budget = Budget(max_hours, max_cost, node_hour_price)
    try:
        options = RunOptions(out, backend, sample, verdict, ray, workers, budget)
        with terminated(), show_progress() as observer:
            result = run_study(checked, data, options, observer)
    except IncompleteError as error:
        print(f"gridproof: not finished: {error}", file=sys.stderr)
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        print(
            "gridproof: stopped; finished tiles are kept, the same command goes on from there",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    if result.reused:
        console.print("Nothing is left to do: this study was evaluated before on the same data.")
    print_summary(result, top)


app.command("search")(search)


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
    print_point(result)


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
    place, folder = open_run_store(run)
    if sql is None:
        print_summary(Run(folder, place=place.of(folder)), top)
    else:
        print(Run(folder).sql(sql).to_string(index=False))


@app.command()
def report(run: RunArgument) -> None:
    """Write RUN's report.html anew."""
    place, folder = open_run_store(run)
    written = Run(folder).report()
    place.save()
    console.print(f"{place.of(folder)}/{written.name}")


@app.command()
def ledger(
    out: OutOption = "runs",
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """How many distinct variants were ever evaluated, by market and strategy."""
    rows = ledger_rows(RunStore(out).folder / FOLDER)
    if as_json:
        print(json.dumps(ledger_record(rows), indent=2, ensure_ascii=False))
        return
    print_ledger(rows)


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the market's files go.")],
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Another number is another market.")] = 0,
    effect: Annotated[float, typer.Option(metavar="SIZE", min=0.0, help="0: no signal says anything.")] = 0.0,
    years: Annotated[int, typer.Option(metavar="N", help="Years from 2006 on; two more before them warm up.")] = 21,
    panel: Annotated[bool, typer.Option("--panel", help="Single stocks too.")] = False,
) -> None:
    """Write a made-up A-share market whose truth is known, for any study of A-share series."""
    market = draw_market(seed, effect, years)
    write_market(folder, market)
    if panel:
        write_panel(folder, market)
    console.print(f"{folder / TRUTH} says what was planted; use the market with --data {folder}", markup=False)


@app.command("verdict")
def judge(run: RunArgument, data: DataOption = None) -> None:
    """How much of a finished RUN is luck: compute its statistics anew, and its report."""
    place, folder = open_run_store(run)
    with terminated(), show_progress() as observer:
        result = judge_run(folder, data, observer)
        place.save()
    print_verdict(result)
    console.print(f"{place.of(folder)}/report.html")


@app.command()
def signals(name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None) -> None:
    """The catalogue of measures: inputs, parameters, source."""
    if name is not None and name not in MEASURES:
        raise InputError("a measure must be in the catalogue", name, "NAME", f"Use one of {', '.join(MEASURES)}")
    for measure in [MEASURES[name]] if name is not None else MEASURES.values():
        print_measure(measure)


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
def demo(
    out: OutOption = "runs",
) -> None:
    """Run the embedded study us-demo, on data that is installed with gridproof."""
    run("us-demo", out=out)


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the variants, fewer repeats, no tables.")] = False,
) -> None:
    """How fast this machine is, against a plain Numba loop, vectorbt and RaptorBT; in a checkout of the project."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks" / "bench.py").is_file():
        raise InputError("benchmarks are not installed", str(root), "bench", "Run it in a checkout of the project")
    options = [flag for flag, wanted in (("--json", as_json), ("--quick", quick)) if wanted]
    done = subprocess.run([sys.executable, "-m", "benchmarks.bench", *options], cwd=root, check=False)
    raise typer.Exit(done.returncode)
