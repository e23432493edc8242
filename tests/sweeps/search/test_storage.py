"""The storage of a search: kills, locks, lost ledgers, databases and URLs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
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
from optuna.storages import RDBStorage

import gridproof as gp
from benchmarks.reliability.driver import called
from benchmarks.reliability.processes import fork
from gridproof.results.ledger.ledger import ledger_rows, ledger_total
from gridproof.results.run.lock import folder_lock
from gridproof.sweeps.execution.ledger_entries import market_identity
from gridproof.sweeps.search.journal import SearchJournal
from tests.support.searched import searched
from tests.support.searches import (
    ledger_boxes,
    open_journal,
    run_search,
    told_trials,
    trial_facts,
    trials_of,
)

RANDOM = pytest.param(
    2, ("--sampler", "random"), marks=pytest.mark.slow("a search of single points is killed and goes on in make test")
)


@pytest.mark.parametrize(("kills", "options"), [RANDOM, (1, ("--sampler", "tpe", "--points", "8"))])
def test_killed_at_any_moment_it_goes_on_and_repeats_nothing(
    data: Path, tmp_path: Path, kills: int, options: tuple[str, ...]
) -> None:
    command = ["search", data / "study.yaml", "--data", data, "--out", tmp_path, "--trials", 100_000]
    command += ["--no-verdict", "--objective", "sharpe", *options]
    rng = np.random.default_rng(len(options))
    kept: list[Any] = []
    for _ in range(kills):
        process = fork(lambda: called(command), tmp_path / "log")
        try:
            deadline = time.monotonic() + 60
            while len(list(tmp_path.glob("*/search.journal"))) == 0 or told_trials(tmp_path) < len(kept) + 12:
                assert process.running(), process.ended().errors
                assert time.monotonic() < deadline, "too slow"
                time.sleep(0.02)
            time.sleep(rng.random() * 0.05)
        finally:
            process.kill(signal.SIGKILL)
            process.ended()
        [folder] = tmp_path.glob("*-search-*")
        trials = optuna.load_study(study_name=folder.name, storage=open_journal(folder / "search.journal")).get_trials()
        finished = [one for one in trial_facts(trials) if one[1] in ("COMPLETE", "PRUNED")]
        assert finished[: len(kept)] == kept, "what was told stays as it is"
        kept = finished
    points = 8 if "--points" in options else None
    run = run_search(
        data, tmp_path, len(kept) + 10, sampler=options[1], points=points, objectives=["sharpe"], resume=True
    )
    trials = trials_of(run)
    assert run.folder == folder
    states = Counter(trial.state.name for trial in trials)
    assert set(states) <= {"COMPLETE", "PRUNED", "FAIL"}, "none is left running"
    assert states["COMPLETE"] + states["PRUNED"] == len(kept) + 10
    assert [one for one in trial_facts(trials) if one[1] != "FAIL"][: len(kept)] == kept
    # What was told was evaluated once; what was under way at each kill may have been, and is counted.
    evaluated = Counter(ledger_boxes(tmp_path, folder.name))
    told = int((pd.read_parquet(folder / "trials.parquet")["cells"] > 0).sum())
    if points:  # single points: those around two of them may meet
        evaluated = Counter(dict.fromkeys(evaluated, 1))
        told = min(told, len(evaluated))
        kills = len(evaluated)
    assert told <= len(evaluated) <= told + kills
    assert sum(evaluated.values()) - len(evaluated) <= states["FAIL"]
    assert run.search["cells"] <= ledger_rows(tmp_path / "ledger")[0].distinct


def test_what_a_kill_left_in_the_journal_is_removed(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 5)
    kept, path = trial_facts(trials_of(run)), run.folder / "search.journal"
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"x","study')
    os.symlink(path, f"{path}.lock")
    began = time.monotonic()
    more = run_search(data, tmp_path, 8)
    assert time.monotonic() - began < 20, "it waits for no process that is gone"
    assert trial_facts(trials_of(more))[:5] == kept
    assert more.search["trials"]["finished"] == 8


def test_one_process_at_a_time(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 3)
    with (
        folder_lock(run.folder),
        pytest.raises(gp.InputError, match="one process at a time may write into a run's folder; got a second process"),
    ):
        run_search(data, tmp_path, 5)
    path = tmp_path / "elsewhere.journal"
    with (
        closing(SearchJournal(path)),
        pytest.raises(gp.InputError, match="one process at a time may use a journal; got a second process"),
    ):
        run_search(data, tmp_path / "apart", 5, storage=str(path))
    assert run_search(data, tmp_path, 5).search["trials"]["finished"] == 5


def test_a_lost_ledger_is_written_again(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 12)
    [row] = ledger_rows(tmp_path / "ledger")
    evaluated = sorted(ledger_boxes(tmp_path, run.folder.name))
    shutil.rmtree(tmp_path / "ledger")
    run_search(data, tmp_path, 12)
    assert sorted(ledger_boxes(tmp_path, run.folder.name)) == evaluated
    (run.folder / "study.yaml").unlink()  # swept again around the best
    run_search(data, tmp_path, 12)
    assert ledger_rows(tmp_path / "ledger") == [row]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_two_searches_share_a_storage(data: Path, tmp_path: Path, kind: str) -> None:
    url = f"sqlite:///{tmp_path}/all.db" if kind == "sqlite" else str(tmp_path / "all.journal")
    one = run_search(data, tmp_path / "runs", 4, storage=url)
    two = run_search(data, tmp_path / "runs", 3, storage=url, seed=1)
    assert one.folder != two.folder
    storage = RDBStorage(url) if kind == "sqlite" else open_journal(Path(url))
    kept = trial_facts(trials_of(one, storage))
    assert (len(kept), len(trials_of(two, storage))) == (4, 3)
    more = run_search(data, tmp_path / "runs", 6, storage=url, resume=True)
    assert trial_facts(trials_of(more, storage))[:4] == kept
    assert more.search["storage"] == url
    # The same search beside another folder goes on with these trials, and counts them there.
    elsewhere = run_search(data, tmp_path / "elsewhere", 6, storage=url, resume=True)
    assert elsewhere.search["trials"] == more.search["trials"]
    assert sorted(ledger_boxes(tmp_path / "elsewhere", one.folder.name)) == sorted(
        ledger_boxes(tmp_path / "runs", one.folder.name)
    )
    if kind == "sqlite":
        storage.engine.dispose()  # type: ignore[attr-defined]


def test_a_search_of_another_name_in_its_place(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 3)
    storage = open_journal(run.folder / "search.journal")
    study = optuna.load_study(study_name=run.folder.name, storage=storage)
    study.set_user_attr("identity", "another")
    with pytest.raises(
        gp.InputError,
        match="--storage: a storage must not have two searches of the same name; got another search called small-",
    ):
        run_search(data, tmp_path, 5)


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
    cells = run_search(data, tmp_path / "runs", 5, storage=postgres).search["cells"]
    more = run_search(data, tmp_path / "runs", 8, storage=postgres, resume=True)
    storage = RDBStorage(postgres)
    trials = trials_of(more, storage)
    assert [trial.number for trial in trials] == list(range(8))
    assert 0 < cells < more.search["cells"]
    text = (more.folder / "search.json").read_text() + (more.folder / "report.html").read_text()
    assert "secret" not in text, "no password where people read"
    storage.engine.dispose()


def test_a_search_at_a_url_goes_on_from_anywhere(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    url = f"file://{tmp_path / 'kept'}"
    local = run_search(data, tmp_path / "here", 9, patience=1000)
    first = gp.search(searched(), 5, data, out=url, verdict=False, sampler="random")
    shutil.rmtree(first.folder)
    again = gp.search(searched(), 9, data, out=url, verdict=False, sampler="random", resume=True)
    assert again.search["trials"]["finished"] == 9
    assert again.place == f"{url}/{local.folder.name}"
    assert (tmp_path / "kept" / local.folder.name / "report.html").is_file()
    assert ledger_total(tmp_path / "kept" / "ledger", market_identity(searched(), data)) >= again.search["cells"]
