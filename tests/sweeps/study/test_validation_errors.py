"""Bad input: one line that says the rule, the value, where it stands and the remedy. Nothing is mended in silence."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.cli.app import main
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.study.study import load_study, parse_changes
from tests.support.faults import DATE, FAULTS, SLOW, VALUE
from tests.support.market import study_text, write_market


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    (folder / "study.yaml").write_text(study_text(), encoding="utf-8")
    return folder


@pytest.fixture
def own(market: Path, tmp_path: Path) -> Path:
    """A copy of the market that a test may spoil."""
    return Path(shutil.copytree(market, tmp_path / "own"))


def complaint(study: Path, folder: Path) -> gp.InputError:
    with pytest.raises(gp.InputError) as caught:
        planned(study, folder)
    return caught.value


def planned(study: Path, folder: Path) -> None:
    """All that is checked before anything is evaluated."""
    checked = load_study(study)
    build_plan(checked, gp.load_market(checked, folder), resolve("reference"))


def said(error: gp.InputError) -> str:
    """The whole line but its remedy, which must be there."""
    text = str(error)
    assert text.count("\n") == 0
    assert re.fullmatch(r"[A-Z`].{4,}\.", text.removeprefix(f"{error.where}: {error.rule}; got {error.value}. "))
    return f"{error.where}: {error.rule}; got {error.value}"


def refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command line says on stderr: one line, exit code 2."""
    monkeypatch.setattr(sys, "argv", ["gridproof", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    output = capsys.readouterr()
    assert exit_.value.code == 2
    assert output.err.count("\n") == 1
    assert output.err.startswith("gridproof: ")
    return output.err.removeprefix("gridproof: ").rstrip()


def test_the_study_itself_is_valid(market: Path) -> None:
    assert load_study(market / "study.yaml").space.size == 288
    planned(market / "study.yaml", market)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_study_is_one_line(name: str, market: Path, tmp_path: Path) -> None:
    old, new, place, rule, value = FAULTS[name]
    assert old in study_text()
    study = tmp_path / "study.yaml"
    study.write_text(study_text().replace(old, new, 1), encoding="utf-8")
    where = f"{study}{place}" if place.startswith(" ") else f"{study}:{place}"
    assert said(complaint(study, market)) == f"{where}: {rule}; got {value.replace('{folder}', str(market))}"


@pytest.mark.parametrize(
    ("content", "where", "rule", "value"),
    [
        (b"", ":1", "a study file is a mapping of keys", "nothing"),
        (b"- name: small\n", ":1", "a study file is a mapping of keys", "a list"),
        (b"small\n", ":1", "a study file is a mapping of keys", "'small'"),
        (b"name: \xff\n", "", "the study file must be readable", "bytes that are not UTF-8 on line 1, perhaps GBK"),
        (None, "", "the study file must be readable", "No such file or directory"),
    ],
)
def test_a_file_that_is_no_study(content: bytes | None, where: str, rule: str, value: str, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    if content is not None:
        study.write_bytes(content)
    assert said(complaint(study, tmp_path)) == f"{study}{where}: {rule}; got {value}"


ORDER = "the dates of yield.csv must be in order and given once"
ENDED = "a daily series must not end or pause for over 10 trading days"
PAUSED = "a monthly series must not end or pause for over 65 trading days"


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "rule", "value"),
    [
        ("yield.csv", "2020-01-03,", "2020-01-01,", "7 series.rate10", ORDER,
         "2020-01-02 then 2020-01-01 at yield.csv:4"),
        ("yield.csv", "2020-01-03,", "2020-01-02,", "7 series.rate10", ORDER,
         "2020-01-02 then 2020-01-02 at yield.csv:4"),
        ("yield.csv", "2020-01-03,", "03/01/2020,", "7 series.rate10", "the dates of a column have one format",
         "03/01/2020 at yield.csv:4, after YYYY-MM-DD"),
        ("yield.csv", "2020-01-03,", "20200103,", "7 series.rate10", "the dates of a column have one format",
         "20200103 at yield.csv:4, after YYYY-MM-DD"),
        ("yield.csv", "2020-01-03,", "2020-02-30,", "7 series.rate10",
         "a date must be a day of the calendar in the years 1600 to 2200",
         "2020-02-30 at yield.csv:4"),
        ("yield.csv", r"(2020-01-03),.*", r"\1,", "7 series.rate10",
         "a series must have no missing value between its first and its last",
         "1 missing, the first on 2020-01-03 at yield.csv:4"),
        ("yield.csv", r"(2020-01-03),.*", r"\1,closed", "7 series.rate10", "values must be numbers",
         "'closed' at yield.csv:4"),
        ("yield.csv", r"(2022-04-15),.*", r"\1,-", "7 series.rate10",
         "a series must have no missing value between its first and its last",
         "1 missing, the first on 2022-04-15 at yield.csv:599"),
        ("yield.csv", r"(2020-01-03),.*", r"\1,inf", "7 series.rate10", "values must be finite",
         "inf at yield.csv:4"),
        ("yield.csv", r"(2020-01-03),.*", r"\1,0", "14 signals.rate", "a signal must stay defined once it is",
         "rate is not a number on 2020-01-31 (rate.window=20, rate10.release=0)"),
        ("yield.csv", r"2021-0[45].*\n", "", "7 series.rate10", ENDED, "rate10 is last known 2021-03-31 on 2021-04-15"),
        ("yield.csv", r"\d.*,.*\n", "", "7 series.rate10", "a market file must have rows of data",
         "only a header at yield.csv:1"),
        ("yield.csv", r"2022-0[1-4].*\n", "", "7 series.rate10", ENDED,
         "rate10 is last known 2021-12-31 on 2022-01-17"),
        ("money.csv", r"(?m)^(2021-1[12]|2022-).*\n", "", "8 series.m1", PAUSED,
         "m1 is last known 2021-11-17 on 2022-02-17"),
        ("money.csv", "2021-03-31,2021-04-17", "2021-03-31,2021-06-17", "8 series.m1",
         "a later observation must not be released before an earlier one",
         "that of 2021-03-31 on 2021-06-17, the next on 2021-05-17"),
        ("index.csv", r"2021-03-01,000852.*\n", "", "10 legs.small",
         "a leg must have a close above 0 on every trading day of the window and the one before",
         "small lacks 1, the first on 2021-03-01"),
    ],
)  # fmt: skip
def test_a_fault_of_the_data_is_one_line(
    file: str, old: str, new: str, place: str, rule: str, value: str, own: Path
) -> None:
    text = (own / file).read_text(encoding="utf-8")
    changed = re.sub(old, new, text)
    assert changed != text
    (own / file).write_text(changed, encoding="utf-8")
    assert said(complaint(own / "study.yaml", own)) == f"{own}/study.yaml:{place}: {rule}; got {value}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a market file must not be empty; got 0 bytes in yield.csv"),
        (b'date,y10\n2020-01-01,"3', "a quotation mark must be closed; got one open at yield.csv:2"),
        (b"date,y10\n\xff,3\n", "a text file is UTF-8, UTF-16 or GB18030 (GBK); got byte 0xFF at yield.csv:2"),
    ],
)
def test_an_unreadable_file_is_one_line(content: bytes, message: str, own: Path) -> None:
    (own / "yield.csv").write_bytes(content)
    assert said(complaint(own / "study.yaml", own)) == f"{own}/study.yaml:7 series.rate10: {message}"


def test_missing_values_are_dropped_where_the_study_says_so(own: Path) -> None:
    text = (own / "yield.csv").read_text(encoding="utf-8")
    (own / "yield.csv").write_text(re.sub(r"(2020-01-03),.*", r"\1,", text), encoding="utf-8")
    study = own / "study.yaml"
    study.write_text(study_text().replace("field: y10", "field: y10, missing: drop"), encoding="utf-8")
    observations = gp.load_market(load_study(study), own).series["rate10"]
    assert len(observations.dates) == 599
    assert "2020-01-03" not in observations.dates.astype(str)


def test_the_first_good_date_is_good(market: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(study_text().replace("2020-07-01", "2020-02-10"), encoding="utf-8")
    remedy = complaint(study, market).remedy
    assert remedy == "Start the window on 2020-03-26 or later, or narrow the axes"
    later = load_study(study).set({"window.from": "2020-03-26"})
    build_plan(later, gp.load_market(later, market), resolve("reference"))
    earlier = later.set({"window.from": "2020-03-25"})
    with pytest.raises(gp.InputError, match=SLOW):
        build_plan(earlier, gp.load_market(earlier, market), resolve("reference"))


CHANGE = "a change is written axis=value"
PARSE = "a change has one value, a list or a range"


@pytest.mark.parametrize(
    ("changes", "where", "rule", "value"),
    [
        (["lag"], "command line", CHANGE, "lag"),
        (["lag="], "command line", CHANGE, "lag="),
        (["=2"], "command line", CHANGE, "=2"),
        (["lag=[1, 2"], "command line", PARSE, "lag=[1, 2"),
        (["lag=1", "lag=2"], "command line", "a change names an axis once", "lag=2"),
        (["lag=1", "execution.lag=2"], "{study}", "a change names an axis once", "execution.lag"),
        (["lagg=2"], "{study}", "a name must identify one axis of the study", "lagg"),
        (["window=20"], "{study}", "a name must identify one axis of the study", "window"),
        (["trend.window=60:20:20"], "{study} signals.trend.window, as set", "`from` of a range must not be above `to`",
         "{'from': 60, 'to': 20, 'step': 20}"),
        (["trend.window=[]"], "{study} signals.trend.window, as set", "an axis has at least one value", "[]"),
        (["trend.window=20:60:30"], "{study} signals.trend.window, as set", "a range ends on one of its steps",
         "{'from': 20, 'to': 60, 'step': 30}"),
        (["trend.window=20:60"], "{study} signals.trend.window, as set",
         "trend.window must be a whole number of values or a duration", "'20:60'"),
        (["trend.window=20,60"], "{study}:52 base.trend.window", "base must lie in the grid", "trend.window: 40"),
        (["objective=best"], "{study} objective, as set",
         "objective must be 'total_return', 'cagr', 'sharpe', 'sortino', 'max_drawdown' or 'calmar'", "'best'"),
        (["window.from=soon"], "{study} window.from, as set", DATE, "'soon'"),
        (["rate.off_below=0.2"], "{study} signals.rate.latch.off_below, as set",
         "off_below must not lie above on_above anywhere in the grid", "off_below 0.2 with on_above 0.05"),
    ],
)  # fmt: skip
def test_a_fault_of_a_change_is_one_line(
    changes: list[str],
    where: str,
    rule: str,
    value: str,
    market: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = market / "study.yaml"
    options = [option for change in changes for option in ("--set", change)]
    arguments = ["run", str(study), "--data", str(market), "--out", str(tmp_path), *options]
    line = refused(arguments, monkeypatch, capsys)
    assert line.startswith(f"{where.replace('{study}', str(study))}: {rule}; got {value}. ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("values", "where", "rule", "value"),
    [
        (["lag=soon"], "{study} execution.lag, as set", "execution.lag must be an integer", "'soon'"),
        (["lag=1.5"], "{study} execution.lag, as set", "execution.lag must be an integer", "1.5"),
        (["lag=true"], "{study} execution.lag, as set", VALUE, "True"),
        (["lag=1,2"], "{study}", "a point has one value on each axis", "lag: [1, 2]"),
        (["growth.direction=up"],
         "{study} signals.growth.direction, as set", "growth.direction must be one of peak, trough", "'up'"),
        (["lag"], "command line", CHANGE, "lag"),
    ],
)  # fmt: skip
def test_a_fault_of_a_point_is_one_line(
    values: list[str],
    where: str,
    rule: str,
    value: str,
    market: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = market / "study.yaml"
    line = refused(["point", str(study), *values, "--data", str(market)], monkeypatch, capsys)
    assert line.startswith(f"{where.replace('{study}', str(study))}: {rule}; got {value}. ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--backend", "abacus"], "backend: the backend must be one that can run here; got abacus. "),
        (
            ["--data", "{market}/none"],
            "--data or market.path: the folder of the market must exist; got {market}/none. ",
        ),
        (["--sample", "0"], "--sample: a sample must have at least one variant; got 0. "),
    ],
)
def test_a_fault_of_an_option_is_one_line(
    arguments: list[str],
    line: str,
    market: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [argument.replace("{market}", str(market)) for argument in arguments]
    command = ["run", str(market / "study.yaml"), "--data", str(market), "--out", str(tmp_path), *given]
    assert refused(command, monkeypatch, capsys).startswith(line.replace("{market}", str(market)))
    assert not list(tmp_path.iterdir())


def test_the_installed_command_prints_one_line_and_exits_with_2(market: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(study_text().replace("lag: [1, 2]", "lag: [0, 1]"), encoding="utf-8")
    command = [sys.executable, "-m", "gridproof", "run", str(study), "--data", str(market)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    expected = f"gridproof: {study}:40 execution.lag: execution.lag must be at least 1; got 0. Raise it.\n"
    assert result.stderr == expected


def test_changes_from_python_may_hold_numpy_and_dates(market: Path) -> None:
    study = load_study(market / "study.yaml")
    changed = study.set(
        {"rate.window": np.arange(20, 60, 20), "window.to": datetime.date(2022, 3, 1), "lag": np.int64(2)}
    )
    assert tuple(changed.space.axes[changed.space.position("rate.window")].values) == (20, 40)
    assert changed.base["execution.lag"] == 2
    assert "2022-03-01" in changed.to_yaml()
    with pytest.raises(gp.InputError, match=r"study\.yaml: a change names an axis once"):
        study.at({"lag": 1, "execution.lag": 2})
    assert parse_changes(["lag=1,2"]) == {"lag": [1, 2]}
