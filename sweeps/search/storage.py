"""Where a search keeps its trials: a journal beside its report, or a database by URL."""

from __future__ import annotations

import fcntl
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from gridproof.kernels.errors import InputError
from gridproof.sweeps.search.journal import SearchJournal
from gridproof.sweeps.search.objectives import SearchObjective

JOURNAL, LOCK = "search.journal", ".search.lock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time drives the search of a folder.

    Raises InputError where another one is at work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "Wait for it, or stop it"
            raise InputError("a search has one process at a time", "another at work", str(folder), remedy) from None
        yield


@contextmanager
def open_storage(url: str | None, folder: Path) -> Iterator[BaseStorage]:
    """url: sqlite:///FILE, postgresql://…, or a path that ends in .journal; None: a journal in the folder."""
    if url is None or "://" not in url:
        path = folder / JOURNAL if url is None else Path(url)
        if path.suffix != ".journal":
            remedy = "Use sqlite:///FILE, postgresql://…, or FILE.journal"
            raise InputError("a storage is a database's URL or a journal file", url, "--storage", remedy)
        with closing(SearchJournal(path)) as journal:
            yield JournalStorage(journal)
        return
    try:
        storage = RDBStorage(url)
    except Exception as error:  # noqa: BLE001 - of any driver of any database
        fault = " ".join(str(error).split())[:200]
        remedy = "Check the URL, the server, and that the driver is installed"
        where = f"--storage {without_password(url)}"
        raise InputError("the storage must be a database that answers", fault, where, remedy) from None
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def open_search(
    storage: BaseStorage, name: str, identity: str, aims: Sequence[SearchObjective], sampler: BaseSampler
) -> optuna.Study:
    """The search of this name, begun or gone on with; trials that a killed call left running are failed.

    Raises InputError where the storage has another search under this name.
    """
    directions = [StudyDirection.MAXIMIZE if aim.maximise else StudyDirection.MINIMIZE for aim in aims]
    study = optuna.create_study(
        storage=storage, study_name=name, directions=directions, sampler=sampler, load_if_exists=True
    )
    known = study.user_attrs.get("identity")
    if known is None:
        study.set_user_attr("identity", identity)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names([aim.name for aim in aims])
    elif known != identity:
        rule, remedy = "a storage has one search of a name", "Give another --storage"
        raise InputError(rule, f"another one called {name}", "--storage", remedy)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def without_password(url: str) -> str:
    """As it may be shown: nothing of who logs in."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def exists(storage: BaseStorage, name: str) -> bool:
    return name in {study.study_name for study in storage.get_all_studies()}
