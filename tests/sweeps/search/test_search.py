"""A search from end to end: what it keeps, how it goes on, what it never does twice, and what it does not look at."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

import gridproof as gp
from gridproof.results.ledger.ledger import ledger_rows, ledger_total
from gridproof.sweeps.cli.app import main
from gridproof.sweeps.execution.ledger_entries import market_identity
from gridproof.sweeps.run import judge_run
from gridproof.sweeps.search import search_results as found
from gridproof.sweeps.search.journal import SearchJournal
from gridproof.sweeps.search.storage import alone
from gridproof.sweeps.study.values import SearchRange
from tests.support.command import gridproof
from tests.support.market import write_market
from tests.support.searched import searched

# Nothing of it is conditional: windows and levels of one rule.
PLAIN = {"rule": "guarded", "rate.use": "on", "trend.use": "on", "growth.smooth": 3}
# A space of numbers alone, for samplers that move numbers.
NUMBERS = {**PLAIN, "trend.on_above": 0.0}


@pytest.fixture(autouse=True)
def _little_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is swept around the best trial is not what is tested here."""
    monkeypatch.setattr(found, "_AROUND", 300)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    (folder / "study.yaml").write_text(searched().to_yaml())
    return folder


def search(data: Path, out: Path, trials: int, study: gp.Study | None = None, **options: Any) -> gp.Run:
    return gp.search(study or searched(), trials, data, out=out, **{"verdict": False, "sampler": "random", **options})


def journal(path: Path) -> BaseStorage:
    return JournalStorage(JournalFileBackend(str(path)))


def trials_of(run: gp.Run, storage: BaseStorage | None = None) -> list[FrozenTrial]:
    kept = storage or journal(run.folder / "search.journal")
    return optuna.load_study(study_name=run.folder.name, storage=kept).get_trials()


def plain(trials: list[FrozenTrial]) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.state.name, trial.values, trial.params, trial.user_attrs) for trial in trials]


def boxes(out: Path, run: str) -> list[Any]:
    """Everything that the ledger says was evaluated by the trials of a search, a line each, as it stands there."""
    lines = [line for path in (out / "ledger").glob(f"{run}-*.jsonl") for line in path.read_text().splitlines()[1:]]
    records = [json.loads(line) for line in lines if line.startswith("{")]
    found = [json.dumps(record["box"]) for record in records if "box" in record]
    return found + [json.dumps(row) for record in records for row in record.get("rows", [])]


def test_trials_are_kept_as_a_person_reads_them(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 30, seed=3)
    record, trials = run.search, trials_of(run)
    assert record["trials"] == {"asked": 30, "finished": 30, "empty": record["trials"]["empty"], "repeated": 1}
    names = {name for trial in trials for name in trial.params}
    assert names == {"rule", "rate.use", "rate.window", "trend.use", "trend.window", "growth.smooth"}
    assert all("rate.window" not in trial.params for trial in trials if trial.params["rule"] == "rotate")
    table = pd.read_parquet(run.folder / "trials.parquet")
    assert table["number"].tolist() == [trial.number for trial in trials] == list(range(30))
    assert table["cells"].sum() == record["cells"]
    complete = table[table["state"] == "complete"]
    assert record["best"]["values"][0] == complete["value.plateau"].max()
    assert record["front"] == [record["best"]]
    # The chosen cell of a trial is a point of the study.
    several = [axis.name for axis in searched().space.axes if len(axis.values) > 1]
    for trial in [trial for trial in trials if trial.values][:4]:
        found = trial.user_attrs["found"]
        point = gp.point(searched(), {name: found["chosen"][name] for name in several}, data)
        assert point.in_sample["sharpe"] == pytest.approx(found["metrics"]["sharpe"], rel=1e-9)
        [row] = complete[complete["number"] == trial.number].to_dict("records")
        assert {name: row[f"chosen.{name}"] for name in several} == {name: found["chosen"][name] for name in several}
    [shares] = record["importances"]
    assert shares["objective"] == "plateau"
    assert sum(shares["shares"].values()) == pytest.approx(1.0)
    assert run.summary["base"]["parameters"] == record["best"]["chosen"]
    assert record["space"]["held"] == {"rate10.release": 1, "execution.lag": 1, "execution.cost": 0.001}


def test_what_is_evaluated_is_counted_and_deflates(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 12, searched().set(NUMBERS), verdict=True, seed=4)
    market = market_identity(searched(), None)
    table = pd.read_parquet(run.folder / "trials.parquet")
    assert len(boxes(tmp_path, run.folder.name)) == (table["cells"] > 0).sum()
    total = ledger_total(tmp_path / "ledger", market)
    cells, swept = int(table["cells"].sum()), run.summary["variants"]
    assert cells < total <= cells + swept, "the trials, and what was swept around the best of them"
    found = run.statistics
    assert (found["counts"]["all"], found["counts"]["ledger"]) == (cells, total)
    marks = {mark["name"]: mark for mark in found["deflated"]["marks"]}
    assert (marks["all variants"]["trials"], marks["ledger"]["trials"]) == (cells, total)
    assert marks["ledger"]["threshold"] > marks["all variants"]["threshold"]
    # Judged anew by its folder, it is judged as it was.
    before = (run.folder / "statistics.json").read_bytes()
    (run.folder / "statistics.json").unlink()
    judge_run(run.folder, data)
    assert (run.folder / "statistics.json").read_bytes() == before
    assert ledger_total(tmp_path / "ledger", market) == total


def test_a_trial_that_repeats_another_is_not_evaluated_again(data: Path, tmp_path: Path) -> None:
    study = searched().set({"rule": "guarded", "rate.window": [20, 25, 400], "trend.window": 40, "growth.smooth": 3})
    run = search(data, tmp_path, 40, study)
    trials, record = trials_of(run), run.search
    assert record["trials"]["finished"] == 40
    # Two uses and a window where rate is on: 2 × (3 + 1), of which the long window is no use.
    choices = {tuple(sorted(trial.params.items())) for trial in trials}
    assert len(choices) <= 8
    assert len(boxes(tmp_path, run.folder.name)) == len(choices) - sum(("rate.window", 400) in one for one in choices)
    first: dict[Any, FrozenTrial] = {}
    for trial in trials:
        before = first.setdefault(tuple(sorted(trial.params.items())), trial)
        assert trial.values == before.values
        if before is not trial:
            assert trial.user_attrs["repeats"] == before.number
            kept = trial.user_attrs if trial.state == TrialState.PRUNED else trial.user_attrs["found"]
            assert kept["cells"] == 0
    assert record["trials"]["repeated"] == sum("repeats" in t.user_attrs and t.state.name == "COMPLETE" for t in trials)
    assert ledger_rows(tmp_path / "ledger")[0].evaluated >= record["cells"]


def test_proposals_that_differ_in_a_digit_too_many_are_one(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = {"rate.window": 25, "rate.on_above": 0.05, "trend.window": 40, "trend.on_above": 0.0}
    tiny = {"from": 0.0, "to": 0.1, "count": 3, "search": "continuous"}
    study = searched().set(PLAIN | still | {"rate.off_gap": tiny})
    monkeypatch.setattr(SearchRange, "rounded", lambda draw, value: round(float(value), 1))
    run = search(data, tmp_path, 60, study, points=20, objectives=["sharpe"])
    trials = trials_of(run)
    fresh = [trial for trial in trials if "repeats" not in trial.user_attrs]
    gaps = {trial.user_attrs["found"]["chosen"]["rate.off_gap"] for trial in fresh}
    assert gaps == {0.0, 0.1}
    assert len(fresh) == len(boxes(tmp_path, run.folder.name)) == 2


def test_more_trials_go_on_and_the_same_call_does_nothing_new(data: Path, tmp_path: Path) -> None:
    first = search(data, tmp_path, 10, sampler="tpe")
    trials = first.search["trials"]
    kept, evaluated = plain(trials_of(first)), boxes(tmp_path, first.folder.name)
    again = search(data, tmp_path, 10, sampler="tpe", resume=True)
    assert (again.folder, plain(trials_of(again))) == (first.folder, kept)
    assert boxes(tmp_path, first.folder.name) == evaluated
    assert again.search["trials"] == trials
    more = search(data, tmp_path, 16, sampler="tpe", resume=True)
    assert plain(trials_of(more))[:10] == kept
    assert more.search["trials"]["finished"] == 16
    assert more.search["cells"] == pd.read_parquet(more.folder / "trials.parquet")["cells"].sum()
    assert len(set(boxes(tmp_path, first.folder.name))) == len(boxes(tmp_path, first.folder.name))
    assert {path.name for path in tmp_path.iterdir()} == {first.folder.name, "ledger"}


@pytest.mark.parametrize(
    ("kills", "options"), [(2, ("--sampler", "random")), (1, ("--sampler", "tpe", "--points", "8"))]
)
def test_killed_at_any_moment_it_goes_on_and_repeats_nothing(
    data: Path, tmp_path: Path, kills: int, options: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "gridproof", "search", data / "study.yaml", "--data", data, "--out", tmp_path]
    command += ["--trials", 100_000, "--no-verdict", "--objective", "sharpe", *options]
    rng = np.random.default_rng(len(options))
    kept: list[Any] = []
    for _ in range(kills):
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while len(list(tmp_path.glob("*/search.journal"))) == 0 or done(tmp_path) < len(kept) + 12:
                assert process.poll() is None, process.communicate()[1].decode()
                assert time.monotonic() < deadline, "too slow"
                time.sleep(0.02)
            time.sleep(rng.random() * 0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        [folder] = tmp_path.glob("*-search-*")
        trials = optuna.load_study(study_name=folder.name, storage=journal(folder / "search.journal")).get_trials()
        finished = [one for one in plain(trials) if one[1] in ("COMPLETE", "PRUNED")]
        assert finished[: len(kept)] == kept, "what was told stays as it is"
        kept = finished
    points = 8 if "--points" in options else None
    run = search(data, tmp_path, len(kept) + 10, sampler=options[1], points=points, objectives=["sharpe"], resume=True)
    trials = trials_of(run)
    assert run.folder == folder
    states = Counter(trial.state.name for trial in trials)
    assert set(states) <= {"COMPLETE", "PRUNED", "FAIL"}, "none is left running"
    assert states["COMPLETE"] + states["PRUNED"] == len(kept) + 10
    assert [one for one in plain(trials) if one[1] != "FAIL"][: len(kept)] == kept
    # What was told was evaluated once; what was under way at each kill may have been, and is counted.
    evaluated = Counter(boxes(tmp_path, folder.name))
    told = int((pd.read_parquet(folder / "trials.parquet")["cells"] > 0).sum())
    if points:  # single points: those around two of them may meet
        evaluated = Counter(dict.fromkeys(evaluated, 1))
        told = min(told, len(evaluated))
        kills = len(evaluated)
    assert told <= len(evaluated) <= told + kills
    assert sum(evaluated.values()) - len(evaluated) <= states["FAIL"]
    assert run.search["cells"] <= ledger_rows(tmp_path / "ledger")[0].distinct


def done(out: Path) -> int:
    """Trials told so far, by the journal."""
    [path] = out.glob("*/search.journal")
    return path.read_text().count('"op_code":6')


def test_what_a_kill_left_in_the_journal_is_removed(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 5)
    kept, path = plain(trials_of(run)), run.folder / "search.journal"
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"x","study')
    os.symlink(path, f"{path}.lock")
    began = time.monotonic()
    more = search(data, tmp_path, 8)
    assert time.monotonic() - began < 20, "it waits for no process that is gone"
    assert plain(trials_of(more))[:5] == kept
    assert more.search["trials"]["finished"] == 8


def test_one_process_at_a_time(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 3)
    with (
        alone(run.folder),
        pytest.raises(gp.InputError, match="a search has one process at a time; got another at work"),
    ):
        search(data, tmp_path, 5)
    path = tmp_path / "elsewhere.journal"
    with (
        closing(SearchJournal(path)),
        pytest.raises(gp.InputError, match="one process at a time may use a journal; got a second process"),
    ):
        search(data, tmp_path / "apart", 5, storage=str(path))
    assert search(data, tmp_path, 5).search["trials"]["finished"] == 5


def test_a_lost_ledger_is_written_again(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 12)
    [row] = ledger_rows(tmp_path / "ledger")
    evaluated = sorted(boxes(tmp_path, run.folder.name))
    shutil.rmtree(tmp_path / "ledger")
    search(data, tmp_path, 12)
    assert sorted(boxes(tmp_path, run.folder.name)) == evaluated
    (run.folder / "study.yaml").unlink()  # swept again around the best
    search(data, tmp_path, 12)
    assert ledger_rows(tmp_path / "ledger") == [row]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_two_searches_share_a_storage(data: Path, tmp_path: Path, kind: str) -> None:
    url = f"sqlite:///{tmp_path}/all.db" if kind == "sqlite" else str(tmp_path / "all.journal")
    one = search(data, tmp_path / "runs", 4, storage=url)
    two = search(data, tmp_path / "runs", 3, storage=url, seed=1)
    assert one.folder != two.folder
    storage = RDBStorage(url) if kind == "sqlite" else journal(Path(url))
    kept = plain(trials_of(one, storage))
    assert (len(kept), len(trials_of(two, storage))) == (4, 3)
    more = search(data, tmp_path / "runs", 6, storage=url, resume=True)
    assert plain(trials_of(more, storage))[:4] == kept
    assert more.search["storage"] == url
    # The same search beside another folder goes on with these trials, and counts them there.
    elsewhere = search(data, tmp_path / "elsewhere", 6, storage=url, resume=True)
    assert elsewhere.search["trials"] == more.search["trials"]
    assert sorted(boxes(tmp_path / "elsewhere", one.folder.name)) == sorted(boxes(tmp_path / "runs", one.folder.name))
    if kind == "sqlite":
        storage.engine.dispose()  # type: ignore[attr-defined]


def postgres_driver() -> str | None:
    return next((name for name in ("psycopg2", "psycopg", "pg8000") if find_spec(name) is not None), None)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The URL of a server of its own on loopback, where PostgreSQL and a driver are installed."""
    places = [os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    initdb, server = (shutil.which(name, path=os.pathsep.join(places)) for name in ("initdb", "postgres"))
    if initdb is None or server is None:
        pytest.skip("PostgreSQL is not installed")
    if (driver := postgres_driver()) is None:
        pytest.skip("no driver of PostgreSQL is installed: psycopg2, psycopg or pg8000")
    # A server refuses to run as root.
    user: dict[str, Any] = {"user": "nobody"} if os.getuid() == 0 else {}
    home = tmp_path / "server"
    home.mkdir()
    if user:
        shutil.chown(home, user="nobody")
        for parent in [tmp_path, *tmp_path.parents][:3]:
            if parent.stat().st_uid == os.getuid() and parent != Path("/tmp"):
                parent.chmod(0o711)
    subprocess.run([initdb, "-D", home / "db", "-A", "trust", "-U", "search"], check=True, capture_output=True, **user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(home), "-F"]
    process = subprocess.Popen([server, "-D", home / "db", *options], stderr=subprocess.DEVNULL, **user)
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        yield f"postgresql+{driver}://search:secret@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_postgresql(data: Path, tmp_path: Path, postgres: str) -> None:
    cells = search(data, tmp_path / "runs", 5, storage=postgres).search["cells"]
    more = search(data, tmp_path / "runs", 8, storage=postgres, resume=True)
    storage = RDBStorage(postgres)
    trials = trials_of(more, storage)
    assert [trial.number for trial in trials] == list(range(8))
    assert 0 < cells < more.search["cells"]
    text = (more.folder / "search.json").read_text() + (more.folder / "report.html").read_text()
    assert "secret" not in text, "no password where people read"
    storage.engine.dispose()


def test_nothing_after_publication_reaches_a_trial(data: Path, tmp_path: Path) -> None:
    """Other days after publication: the same trials to the last bit."""
    published = "2021-07-01"
    other = tmp_path / "market"
    shutil.copytree(data, other)
    for name, column in (("index", "close"), ("yield", "y10"), ("money", "m1")):
        table = pd.read_csv(other / f"{name}.csv", dtype={"code": str})
        date = "usable_from" if name == "money" else "date"
        later = table[date] >= published
        rng = np.random.default_rng(9)
        table.loc[later, column] *= np.exp(np.cumsum(rng.normal(0.01, 0.2, int(later.sum()))))
        table.to_csv(other / f"{name}.csv", index=False)
    options: list[dict[str, Any]] = [
        {"objectives": ["plateau", "walk_forward", "worst_period"], "require": ["switches>=4"]},
        {"points": 5, "objectives": ["plateau", "turnover"]},
    ]
    for place, each in enumerate(options):
        one = search(data, tmp_path / f"one{place}", 15, sampler="tpe", **each)
        two = search(other, tmp_path / f"two{place}", 15, searched(), sampler="tpe", **each)
        assert one.folder.name != two.folder.name, "other data, another search"
        assert plain(trials_of(one)) == plain(trials_of(two))
        assert one.search["best"] == two.search["best"]
        assert one.summary["base"]["in_sample"] == two.summary["base"]["in_sample"]
        assert one.summary["base"]["after_publication"] != two.summary["base"]["after_publication"]


def test_a_walk_forward_search(data: Path, tmp_path: Path) -> None:
    study = searched().set({"window.published": "2022-01-03"})
    run = search(data, tmp_path, 6, study, walk_forward=2, sampler="tpe")
    walk = run.search["walk_forward"]
    assert [fold["test_to"] < after["test_from"] for fold, after in itertools.pairwise(walk["folds"])] == [True]
    days = pd.to_datetime(walk["curve"]["date"])
    expected: list[float] = []
    held_before = None
    for fold in walk["folds"]:
        assert fold["train_to"] < fold["test_from"]
        several = [axis.name for axis in study.space.axes if len(axis.values) > 1]
        point = gp.point(study, {name: fold["parameters"][name] for name in several}, data)
        days = point.curve.index
        inside = (days >= pd.Timestamp(fold["test_from"])) & (days <= pd.Timestamp(fold["test_to"]))
        part = point.curve[inside]["return"].to_numpy().copy()
        held = np.array(point.held)[inside]
        if held_before is not None:
            # The trade into what this fold holds is charged once: nothing where it is what was held.
            own = point.curve[inside]["cost"].to_numpy()[0]
            risky = {"small": 0.0015, "large": 0.001, "cash": 0.0}
            cost = 0.0 if held[0] == held_before else 1 - (1 - risky[held_before]) * (1 - risky[held[0]])
            gross = (1 + part[0]) / (1 - own)
            assert walk["curve"]["nav"][len(expected)] / walk["curve"]["nav"][len(expected) - 1] == pytest.approx(
                gross * (1 - cost), rel=2e-6
            )
            part[0] = gross * (1 - cost) - 1
        held_before = held[-1]
        expected += part.tolist()
        # Out of a search of its own on the days of training alone.
        trained = int((point.curve.index <= pd.Timestamp(fold["train_to"])).sum())
        own_study = optuna.load_study(
            study_name=f"{run.folder.name} until day {trained}", storage=journal(run.folder / "search.journal")
        )
        assert len(own_study.get_trials()) == 6
        assert max(trial.values[0] for trial in own_study.get_trials() if trial.values) == pytest.approx(
            fold["in_sample"]
        )
    np.testing.assert_allclose(walk["curve"]["nav"], np.cumprod(1 + np.array(expected)), rtol=1e-5)
    returns = np.array(expected)
    assert walk["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(243), rel=1e-3)
    assert len(days) == walk["days"] == len(expected)
    assert days.is_monotonic_increasing


def test_a_fold_sees_its_days_of_training_alone(data: Path, tmp_path: Path) -> None:
    study = searched().set({"window.published": "2022-01-03"})
    other = tmp_path / "market"
    shutil.copytree(data, other)
    table = pd.read_csv(other / "index.csv", dtype={"code": str})
    later = table["date"] > "2021-01-31"
    table.loc[later, "close"] *= np.random.default_rng(2).uniform(0.9, 1.1, int(later.sum()))
    table.to_csv(other / "index.csv", index=False)
    runs = [
        search(folder, tmp_path / name, 6, study, walk_forward=2, sampler="tpe")
        for name, folder in (("one", data), ("two", other))
    ]
    folds = [run.search["walk_forward"]["folds"] for run in runs]
    first = folds[0][0]
    assert first["train_to"] <= "2021-01-31"
    known = ("train_to", "number", "parameters", "in_sample")
    assert [first[key] for key in known] == [folds[1][0][key] for key in known]
    assert folds[0][1]["in_sample"] != folds[1][1]["in_sample"]


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "qmc", "gp", "cmaes", "random"])
def test_every_sampler_searches_or_says_why_not(data: Path, tmp_path: Path, sampler: str) -> None:
    package = {"gp": "torch", "cmaes": "cmaes"}.get(sampler)
    if package is not None and find_spec(package) is None:
        with pytest.raises(gp.InputError, match=f"{sampler} needs the package {package}; got not installed"):
            search(data, tmp_path, 3, searched().set(NUMBERS), sampler=sampler)
        assert not list(tmp_path.iterdir()), "nothing is begun"
        return
    run = search(data, tmp_path, 12, searched().set(NUMBERS), sampler=sampler)
    trials = trials_of(run)
    assert run.search["trials"]["finished"] == 12
    assert len({tuple(trial.params.items()) for trial in trials}) > 8
    if sampler in ("random", "qmc"):  # the others learn from what they find, and need more of it to differ
        other = search(data, tmp_path / "other", 12, searched().set(NUMBERS), sampler=sampler, seed=1)
        assert [trial.params for trial in trials_of(other)] != [trial.params for trial in trials]


def test_the_same_search_proposes_the_same(data: Path, tmp_path: Path) -> None:
    one, two = (search(data, tmp_path / name, 15, sampler="tpe", seed=5) for name in ("one", "two"))
    assert plain(trials_of(one)) == plain(trials_of(two))
    assert (one.folder / "trials.parquet").read_bytes() == (two.folder / "trials.parquet").read_bytes()
    assert (one.folder / "search.json").read_bytes() == (two.folder / "search.json").read_bytes()


@pytest.mark.parametrize(
    ("sampler", "changes", "options", "fault"),
    [
        ("gp", {}, {}, "gp needs dimensions that always have a meaning; got rate.use switches a signal off"),
        ("cmaes", {}, {}, "cmaes needs dimensions that always have a meaning"),
        ("qmc", {"rate.use": "on", "trend.use": "on"}, {}, "got the rules use different signals"),
        ("cmaes", PLAIN | {"rate.window": [20, 30, 60]}, {}, "evenly spaced numbers only; got rate.window is a choice"),
        ("cmaes", PLAIN | {"trend.window": 40}, {}, "cmaes moves two dimensions or more; got rate.window"),
        ("cmaes", PLAIN, {"objectives": ["plateau", "turnover"]}, "cmaes has one objective; got 2"),
        ("cmaes", PLAIN, {"require": ["switches>=3"]}, "cmaes knows no requirements"),
        ("grid", {}, {}, "a sampler is one of those known here; got grid. Use tpe, nsga2, qmc, gp, cmaes, random"),
    ],
)  # fmt: skip
def test_samplers_that_cannot_are_refused(
    data: Path, tmp_path: Path, sampler: str, changes: dict[str, Any], options: dict[str, Any], fault: str
) -> None:
    study = searched() if "rate.window" not in changes else searched().set({**changes, "rate.window": 20}).set(changes)
    study = study.set({name: value for name, value in changes.items() if name != "rate.window"})
    with pytest.raises(gp.InputError, match=f"--sampler: .*{fault}"):
        search(data, tmp_path, 3, study, sampler=sampler, **options)
    assert not list(tmp_path.iterdir()), "nothing is begun"


def test_it_stops_where_it_stagnates(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 10_000, searched().set(PLAIN | {"trend.window": [20, 40]}), patience=15)
    record = run.search
    assert record["trials"]["finished"] < 200
    assert record["stopped"] == "no better trial among the last 15"
    values = [trial.values[0] if trial.values else -np.inf for trial in trials_of(run)]
    assert values.index(max(values)) == len(values) - 16
    again = search(data, tmp_path, 10_000, searched().set(PLAIN | {"trend.window": [20, 40]}), patience=15)
    assert again.search["trials"] == record["trials"]


def dominated(one: list[float], other: list[float]) -> bool:
    """The first is to be large, the second small."""
    return other != one and other[0] >= one[0] and other[1] <= one[1]


@pytest.mark.parametrize(("sampler", "points"), [("nsga2", None), ("tpe", 10)])
def test_a_front_is_what_no_trial_dominates(data: Path, tmp_path: Path, sampler: str, points: int | None) -> None:
    run = search(data, tmp_path, 30, sampler=sampler, points=points, objectives=["median", "turnover"])
    everyone = [trial.values for trial in trials_of(run) if trial.state == TrialState.COMPLETE]
    expected = {tuple(one) for one in everyone if not any(dominated(one, other) for other in everyone)}
    front = [tuple(trial["values"]) for trial in run.search["front"]]
    assert set(front) == expected
    assert len(front) == len(expected), "equal ones once"
    assert run.search["best"] == run.search["front"][0]
    assert front == sorted(front, reverse=True), "the best by the first objective in front"
    assert [row["objective"] for row in run.search["importances"]] == ["median", "turnover"]


def test_what_meets_the_requirements_goes_first(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 40, objectives=["sharpe"], require=["switches<=10", "max_drawdown>=-0.2"], points=10)
    table = pd.read_parquet(run.folder / "trials.parquet")
    complete = table[table["state"] == "complete"]
    met = (complete["metric.switches"] <= 10) & (complete["metric.max_drawdown"] >= -0.2)
    assert 0 < met.sum() < len(complete)
    assert ((complete["violation"] == 0.0) == met).all()
    assert run.search["best"]["values"][0] == complete[met]["value.sharpe"].max()
    nobody = search(data, tmp_path, 20, require=["switches>=1000"])
    assert (
        nobody.search["best"]["violation"] == pd.read_parquet(nobody.folder / "trials.parquet")["violation"].min() > 0.9
    )


def test_a_space_of_words_alone(data: Path, tmp_path: Path) -> None:
    still = {axis.name: searched().base[axis.name] for axis in searched().space.axes if len(axis.values) > 1}
    del still["rule"], still["trend.use"]
    run = search(data, tmp_path, 8, searched().set(still), verdict=True)
    assert run.summary["variants"] == 1
    assert run.search["cells"] <= 6
    assert run.statistics["counts"]["all"] == run.search["cells"]


def test_a_search_that_finds_nothing(data: Path, tmp_path: Path) -> None:
    study = searched().set(PLAIN | {"rate.window": 500}).set({"rate.window": [500, 550]})
    with pytest.raises(gp.InputError, match="a trial that says something; 4 of 4 said nothing") as fault:
        search(data, tmp_path, 4, study)
    assert "the window must begin after the slowest signal is defined" in str(fault.value)
    assert boxes(tmp_path, "") == []


def test_a_search_of_another_name_in_its_place(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 3)
    storage = journal(run.folder / "search.journal")
    study = optuna.load_study(study_name=run.folder.name, storage=storage)
    study.set_user_attr("identity", "another")
    with pytest.raises(
        gp.InputError, match="--storage: a storage has one search of a name; got another one called small-"
    ):
        search(data, tmp_path, 5)


def test_a_budget_ends_it_and_it_goes_on(data: Path, tmp_path: Path) -> None:
    with pytest.raises(gp.IncompleteError, match="the same command goes on"):
        search(data, tmp_path, 100_000, budget=gp.Budget(1.0 / 3600.0))
    [folder] = tmp_path.glob("*-search-*")
    finished = len(optuna.load_study(study_name=folder.name, storage=journal(folder / "search.journal")).get_trials())
    assert finished > 0
    assert search(data, tmp_path, finished + 2, resume=True).search["trials"]["finished"] == finished + 2


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"trials": 0}, "--trials: trials of a search is at least 1; got 0"),
        ({"cells": 0}, "--cells: cells of a search is at least 1; got 0"),
        ({"points": 0}, "--points: points of a search is at least 1; got 0"),
        ({"patience": -1}, "--patience: patience of a search is at least 1; got -1"),
        ({"seed": -1}, "--seed: seed of a search is at least 0; got -1"),
        ({"walk_forward": 0}, "--walk-forward: walk_forward of a search is at least 1; got 0"),
        ({"walk_forward": 9}, "--walk-forward: a walk-forward needs parts of half a year or more; got 10 parts of 261"),
        ({"objectives": ["gain"]}, "--objective: an objective of a search is one of its names; got gain"),
        ({"require": ["many"]}, "--require: a requirement is METRIC>=NUMBER"),
        ({"points": 5, "objectives": ["walk_forward"]}, "--objective: walk_forward chooses among the cells of a trial"),
        ({"resume": True}, "there must be a search to resume; got none called small-search-"),
        ({"storage": "trials.txt"}, "--storage: a storage is a database's URL or a journal file; got trials.txt"),
        ({"storage": "sqlite:////no/such/folder/x.db"}, "the storage must be a database that answers"),
        ({"storage": "nosuch://me:secret@host/db"}, "--storage nosuch://host/db: the storage must be a database"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_evaluated(
    data: Path, tmp_path: Path, options: dict[str, Any], fault: str
) -> None:
    with pytest.raises(gp.InputError, match=fault) as found:
        search(data, tmp_path, **{"trials": 3, **options})
    assert "secret" not in str(found.value)
    assert not (tmp_path / "ledger").exists()
    if "storage" not in options:
        assert not list(tmp_path.iterdir())


def test_the_command_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["search", data / "study.yaml", "--data", data, "--out", tmp_path, "--no-verdict", "--set", "rate.use=off"]
    line += ["--objective", "plateau", "--objective", "turnover", "--require", "switches>=2"]
    done = gridproof(*line, "--trials", 6)
    assert "6 of 6 trials" in done.stdout
    assert "on the front" in done.stdout
    [folder] = tmp_path.glob("small-search-*")
    assert done.stdout.rstrip().endswith(f"{folder}/report.html")
    for again, text in (
        ([*line, "--trials", 8, "--resume"], "8 of 8 trials"),
        (["verdict", folder, "--data", data], "Verdict:"),
    ):
        monkeypatch.setattr(sys, "argv", ["gridproof", *map(str, again)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        assert text in capsys.readouterr().out
    assert list(tmp_path.glob("small-search-*")) == [folder]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--trials", "0"), "gridproof: --trials: trials of a search is at least 1; got 0. Raise it."),
        (("--cells", "0"), "gridproof: --cells: cells of a search is at least 1; got 0. Raise it."),
        (
            ("--sampler", "best"),
            "gridproof: --sampler: a sampler is one of those known here; got best. Use tpe,",
        ),
        (("--seed", "7", "--resume"), "there must be a search to resume; got none called small-search-"),
        (("--set", "rate.use=maybe"), "rate.use is one of its choices; got 'maybe'. Use on, off."),
    ],
)
def test_errors_of_the_command_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...], text: str,
) -> None:  # fmt: skip
    line = ["gridproof", "search", data / "study.yaml", "--data", data, "--out", tmp_path / "runs", *options]
    monkeypatch.setattr(sys, "argv", list(map(str, line)))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    [complaint] = capsys.readouterr().err.splitlines()
    assert text in complaint
    assert not (tmp_path / "runs").exists()


def test_it_begins_with_the_base(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 5)
    [first, *_] = trials_of(run)
    base = searched().base
    assert first.params
    assert first.params == {name: base[name] for name in first.params}
    assert search(data, tmp_path, 8).search["trials"]["finished"] == 8
    assert [trial.params for trial in trials_of(run)].count(first.params) == 1


def test_nsga2_is_asked_for_all_dimensions_and_disregards_those_without_a_meaning(data: Path, tmp_path: Path) -> None:
    run = search(data, tmp_path, 12, sampler="nsga2", objectives=["plateau", "turnover"])
    base, first, *others = searched().base, *trials_of(run)
    names = {"rule", "rate.use", "rate.window", "trend.use", "trend.window", "growth.smooth"}
    assert set(first.params) == names
    assert all(set(trial.params) == names for trial in others)
    table = pd.read_parquet(run.folder / "trials.parquet").set_index("number")
    off = [trial for trial in others if trial.params["rate.use"] == "off" and trial.number in table.index]
    assert off
    assert all(table.loc[trial.number, "rate.window"] == base["rate.window"] for trial in off)
    # What differs in such a dimension alone is the same choice.
    assert {trial.params["rate.window"] for trial in off} != {base["rate.window"]}


def test_a_search_at_a_url_goes_on_from_anywhere(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    url = f"file://{tmp_path / 'kept'}"
    local = search(data, tmp_path / "here", 9, patience=1000)
    first = gp.search(searched(), 5, data, out=url, verdict=False, sampler="random")
    shutil.rmtree(first.folder)
    again = gp.search(searched(), 9, data, out=url, verdict=False, sampler="random", resume=True)
    assert again.search["trials"]["finished"] == 9
    assert again.place == f"{url}/{local.folder.name}"
    assert (tmp_path / "kept" / local.folder.name / "report.html").is_file()
    assert ledger_total(tmp_path / "kept" / "ledger", market_identity(searched(), data)) >= again.search["cells"]
