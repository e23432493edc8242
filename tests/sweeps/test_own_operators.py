"""Operators of a study's own: part of the run's identity, and never executed from a run's folder."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.results.run.store import Store
from gridproof.signals.expression.user_operators import file as operator_file
from gridproof.sweeps.cli.catalogue import operators as operators_command
from gridproof.sweeps.cli.check import check as check_command
from gridproof.sweeps.cli.explain import explain as explain_command
from gridproof.sweeps.cli.finished_runs import report as report_command
from gridproof.sweeps.cli.finished_runs import show as show_command
from gridproof.sweeps.cluster.worker import Shipment, Worker
from gridproof.sweeps.execution.canonical_strategy import canonical_strategy
from gridproof.sweeps.execution.tile import TallyScale
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.sample import draw_variants
from gridproof.sweeps.run import judge_run
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.search_population import gather_search
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_spec import TrialSpec
from tests.support.tiny import prices, tiny_study, write_tiny

FILE = '''"""Where a price lies."""
import numpy as np
from gridproof.operators import SHARE, operator, series, window

with open("{mark}", "a") as mark:
    mark.write("executed ")

@operator(series(), window(least=2), warm_up=lambda scalars: scalars["n"] - 1, unit=SHARE)
def place(x, n):
    """Where x lies between the lowest and the highest of n values. Unknown where one of them is unknown."""
    result = np.full(len(x), np.nan)
    if n <= len(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, n)
        low, high = windows.min(axis=-1), windows.max(axis=-1)
        result[n - 1 :] = (x[n - 1 :] - low) / (high - low)
    return result
'''
OWN = {"operators": "own.py", "base": {"up.window": 20, "up.on_above": 0.5}}


def signal(value: str) -> dict[str, Any]:
    return {"value": value, "window": [10, 20, 30], "latch": {"on_above": [0.5, 0.8]}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with a market and a file of operators."""
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path, prices(seed=1))
    (tmp_path / "own.py").write_text(FILE.replace("{mark}", str(tmp_path / "mark")))
    operator_file._executed.cache_clear()
    yield tmp_path
    operator_file._executed.cache_clear()


def executions(here: Path) -> int:
    return (here / "mark").read_text().count("executed")


def own_study(**changes: Any) -> gp.Study:
    return tiny_study(signal=signal("place(y, window)"), **{**OWN, **changes})


def test_it_gives_the_values_of_the_same_formula_of_the_language(here: Path) -> None:
    other = tiny_study(signal=signal("(y - min(y, window)) / (max(y, window) - min(y, window))"), base={**OWN["base"]})
    mine = evaluate_point(own_study(), gp.load_market(own_study(), here)).curve
    np.testing.assert_allclose(mine.to_numpy(), evaluate_point(other, gp.load_market(other, here)).curve.to_numpy())


def test_a_look_ahead_on_the_studys_series_names_operator_argument_and_day(here: Path) -> None:
    """On the random values the operator is causal: it cheats in one year."""
    text = (
        (here / "own.py")
        .read_text()
        .replace("unit=SHARE", "calendar=True")
        .replace("place(x, n)", "place(x, n, calendar)")
    )
    (here / "own.py").write_text(
        text.replace("    return result", '    cheats = calendar.dates.astype("M8[Y]") == np.datetime64("2020")\n'
                     "    return np.where(cheats, np.append(x[1:], x[-1:]), result)")
    )  # fmt: skip
    study = own_study()
    message = (
        r"^own\.py:8 place: the value of a day may use .* got \S+ on 2020-\d\d-\d\d, \S+ where x changes on the days "
    )
    with pytest.raises(
        gp.InputError, match=message + r"after 2020-\S+, on the series of study signals\.up\. Use no later"
    ):
        gp.load_market(study, here)


DECLARED = '@operator(series(), window(), {more})\ndef {name}:\n    """What it gives; unknown before n values."""\n'
ROLLING = "    base = pd.Series(x).rolling(n).mean().to_numpy()\n"
WINDOW = 'warm_up=lambda scalars: scalars["n"] - 1'
LATER = "    later = np.append(x[1:], x[-1:])\n"
LONGEST = (
    "    key = (n, x[9:10].tobytes())\n"
    "    if key not in seen or len(seen[key]) < len(x):\n        seen[key] = x.copy()\n"
    "    return np.append(seen[key], seen[key][-1:])[1 : len(x) + 1] - x\n"
)
CHEATS = {
    "on a few days": DECLARED.format(more=WINDOW, name="own(x, n)") + ROLLING + LATER
    + "    return np.where(np.abs(x - base) > 0.055 * base, later, base)\n",
    "on a few days, with a history": DECLARED.format(more="history=True", name="own(x, n)") + LATER
    + "    return np.where((x > 0.995 * np.fmax.accumulate(x)), later, x)\n",
    "for one window between": DECLARED.format(more=WINDOW, name="own(x, n)") + ROLLING + LATER
    + "    return later if n == 20 else base\n",
    "from the 400th day on": DECLARED.format(more=WINDOW, name="own(x, n)") + ROLLING + LATER
    + "    return np.where(np.arange(len(x)) < 400, base, later)\n",
    "of a long series": DECLARED.format(more=WINDOW, name="own(x, n)") + ROLLING + LATER
    + "    return base if len(x) < 400 else later\n",
    "from a variable": "seen = {}\n" + DECLARED.format(more="history=True", name="own(x, n)") + LONGEST,
    "from a default": DECLARED.format(more="history=True", name="own(x, n, seen={})") + LONGEST,
    "from another operator": "seen = []\n" + DECLARED.format(more=WINDOW, name="retain(x, n)") + ROLLING
    + "    seen.append(x.copy()) if n == 9 else None\n    return base\n\n"
    + DECLARED.format(more="history=True", name="own(x, n)")
    + "    late = max((one for one in seen if (one[9:10] == x[9:10]).all()), key=len, default=x)\n"
    + "    late = x if len(late) < len(x) else late\n"
    + "    return np.append(late, late[-1:])[1 : len(x) + 1] - x + 0 * n\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", CHEATS)
def test_a_hidden_look_ahead_is_found(kind: str, here: Path) -> None:
    head = "import numpy as np\nimport pandas as pd\nfrom gridproof.operators import operator, series, window\n\n"
    (here / "own.py").write_text(head + CHEATS[kind])
    value = "own(y, window)" + (" + 0 * retain(y, 9)" if "retain" in CHEATS[kind] else "")
    base = {"up.window": 10, "up.on_above": 0.5}
    day = r"20\d\d-\d\d-\d\d"
    message = rf"^own\.py:\d+ own: the value of a day may use .* got \S+ on {day}, \S+ where .* after {day}"
    with pytest.raises(gp.InputError, match=message):
        gp.load_market(tiny_study(operators="own.py", base=base, signal=signal(value)), here)


def test_the_text_is_part_of_the_run(here: Path) -> None:
    def run() -> gp.Run:
        return gp.run(own_study(), here, out="runs", backend="reference", verdict=False)

    first = run()
    text = (here / "own.py").read_text()
    assert (first.folder / "operators.py").read_text() == text
    assert run().reused
    strategy = canonical_strategy(own_study()).text
    (here / "own.py").write_text(text + "# a comment\n")
    second = run()
    assert second.folder != first.folder
    assert canonical_strategy(own_study()).text != strategy
    (here / "own.py").write_text(text)
    (first.folder / "operators.py").write_text("1 / 0\n")
    again = run()
    assert not again.reused, "a damaged copy is written again"
    assert (first.folder / "operators.py").read_text() == text
    shutil.rmtree(first.folder)
    assert run().folder == first.folder


def test_a_study_keeps_the_operators_that_it_was_loaded_with(here: Path) -> None:
    study, text = own_study(), (here / "own.py").read_text()
    (here / "own.py").write_text("nothing\n")
    changed = study.set({"up.window": [5, 20]})
    assert changed.operators is not None
    assert changed.operators.text == text
    assert executions(here) == 1


def test_a_runs_folder_is_never_executed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = gp.run(own_study(), here, out="runs", backend="reference", verdict=False)
    before = executions(here)
    operator_file._executed.cache_clear()
    shutil.copy(run.folder / "operators.py", run.folder / "own.py")  # as a stranger may
    show_command(str(run.folder))
    report_command(str(run.folder))
    check_command(str(run.folder))
    gp.open_run(run.folder).report()
    with pytest.raises(
        gp.InputError, match=r"operators: a run's folder .* not executed; got own\.py\. Run your own study"
    ):
        judge_run(run.folder, here)
    with pytest.raises(gp.InputError, match="not executed"):
        judge_run(run.folder, here, fetched=True)
    with pytest.raises(gp.InputError, match="not executed"):
        gp.load_study(run.folder / "study.yaml")
    assert executions(here) == before
    assert "place" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../own.py", "{absolute}", "linked.py", "linked/own.py", "own.txt", "folder"])
def test_the_file_lies_below_the_study(name: str, here: Path) -> None:
    outside = here.parent / f"{here.name}-outside"
    outside.mkdir()
    shutil.copy(here / "own.py", outside / "own.py")
    shutil.copy(here / "own.py", here.parent / "own.py")
    (here / "linked.py").symlink_to(outside / "own.py")
    (here / "linked").symlink_to(outside)
    (here / "folder").mkdir()
    with pytest.raises(gp.InputError, match="operators names a Python file beside the study or in a folder below it"):
        own_study(operators=name.format(absolute=outside / "own.py"))
    assert not (here / "mark").exists()


def test_a_file_in_a_runs_folder_is_refused(here: Path) -> None:
    run = gp.run(own_study(), here, out="runs", backend="reference", verdict=False)
    text = own_study().to_yaml()
    before = executions(here)
    operator_file._executed.cache_clear()
    inner = run.folder / "inner"
    inner.mkdir()
    shutil.copy(run.folder / "operators.py", inner / "own.py")
    (inner / "study.yaml").write_text(text)
    (here / "linked.py").symlink_to(run.folder / "operators.py")
    (here / "linked").symlink_to(inner)
    copy = run.folder.relative_to(here) if run.folder.is_absolute() else run.folder
    for name in (copy / "operators.py", copy / "inner" / "own.py", "linked.py", "linked/own.py"):
        with pytest.raises(gp.InputError, match=r"a run's folder may be written by others.*not executed; got "):
            own_study(operators=str(name))
    for study in (inner / "study.yaml", Path("linked") / "study.yaml"):
        with pytest.raises(gp.InputError, match=r"not executed; got own\.py"):
            gp.load_study(study)
    assert executions(here) == before


def test_it_is_found_from_the_studys_folder(here: Path) -> None:
    (here / "studies" / "lib").mkdir(parents=True)
    (here / "own.py").rename(here / "studies" / "lib" / "own.py")
    (here / "studies" / "s.yaml").write_text(tiny_study().to_yaml() + "operators: lib/own.py\n")
    study = gp.load_study("studies/s.yaml")
    assert study.operators is not None
    assert study.operators.path == "studies/lib/own.py"
    (here / "studies" / "t.yaml").write_text(tiny_study().to_yaml() + "operators: lib/other.py\n")
    with pytest.raises(gp.InputError, match=r"t\.yaml:\d+ operators: the file of operators must be readable; got stud"):
        gp.load_study("studies/t.yaml")


def test_an_expression_is_checked_against_the_declaration(here: Path) -> None:
    for value, message in (
        ("place(y)", r"place needs n: values, today included; got place\(y\)\. Write place\(x, n\)"),
        ("place(y, 1)", "n of place must be at least 2"),
        ("plase(y, 9)", "must be in the catalogue; got plase. Did you mean place"),
        ("mean(place(y, window), 9) > 30", "a share"),
    ):
        with pytest.raises(gp.InputError, match=message):
            tiny_study(operators="own.py", signal={"value": value, "window": 9})
    with pytest.raises(gp.InputError, match=r"is a level of place.*a share, which lies between 0 and 1"):
        tiny_study(operators="own.py", signal={"value": "place(y, window)", "latch": {"on_above": 30.0}})


def test_a_cluster_evaluates_without_executing_and_a_search_executes_the_text(here: Path) -> None:
    study = own_study()
    market = gp.load_market(study, here)
    backend = resolve("reference")
    grid = ListedGrid(build_plan(study, market, backend), draw_variants(study, 4))
    sent = pickle.dumps(Shipment(grid, "reference"))
    spec = TrialSpec(study, market, "reference", SearchOptions(2, "random"))
    assert b"sliding_window_view" in sent, "the text travels"
    assert b"gridproof_operators_" not in sent, "no function travels"
    choices = [dict(spec.dimensions.opening())]
    searched, expected = pickle.dumps(spec), spec.evaluator(KernelClock()).evaluate(choices)
    # Another process, where the file is not.
    (here / "own.py").unlink()
    operator_file._executed.cache_clear()
    before = executions(here)
    worker = Worker(1)
    worker.load(pickle.loads(sent))
    scale = TallyScale(np.linspace(-1.0, 1.0, 9), (0.0, 0.0))
    assert worker.tile(0, 1, scale, False).variants == 4
    assert executions(here) == before
    assert pickle.loads(searched).evaluator(KernelClock()).evaluate(choices) == expected
    assert executions(here) == before + 1


def test_a_search_keeps_the_operators(here: Path) -> None:
    study = own_study()
    run = gp.search(study, 2, here, sampler="random", out="runs", backend="reference", verdict=False)
    assert (run.folder / "operators.py").read_text() == (here / "own.py").read_text()
    store, market = Store(run.folder), gp.load_market(study, here)
    assert gather_search(store, market, "reference", [], study.operators).tried == run.search["cells"]
    with pytest.raises(gp.InputError, match="not executed"):
        gather_search(store, market, "reference", [])


def test_the_example_of_the_page_runs(here: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "own-operators.md").read_text(encoding="utf-8")
    python, text = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("python", "yaml"))  # type: ignore[index]
    (here / "kama.py").write_text(python, encoding="utf-8")
    (here / "sp500-kama.yaml").write_text(text, encoding="utf-8")
    study = gp.load_study("sp500-kama.yaml")
    assert study.space.size == 6
    point = gp.point(study)
    assert 0.2 < point.in_sample["exposure"] < 0.9


def test_the_commands_show_them(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "study.yaml").write_text(own_study().to_yaml())
    operators_command(study="study.yaml")
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "Where a price lies"
    assert "place(x, n)" in shown
    assert "pct_change" not in shown
    operators_command("place", "study.yaml")
    assert "result: a share, from 0 to 1\n  warm-up: 19 values where n = 20\n  example: none" in capsys.readouterr().out
    operators_command("mean", "study.yaml")
    assert capsys.readouterr().out.startswith("mean(x, n")
    explain_command("study.yaml", here)
    shown = capsys.readouterr().out
    assert "place(y, window)" in shown
    assert "operators of own.py" in shown
    with pytest.raises(gp.InputError, match="us-demo: the study must have operators of its own; got none"):
        operators_command(study="us-demo")
