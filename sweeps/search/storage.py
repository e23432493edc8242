"""The storage of a search's trials: a journal in its folder, or a database by URL."""

from __future__ import annotations

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
from gridproof.results.run.links import refuse_link
from gridproof.sweeps.search.journal import SearchJournal
from gridproof.sweeps.search.objectives import SearchObjective

JOURNAL = "search.journal"


@contextmanager
def open_storage(url: str | None, folder: Path) -> Iterator[BaseStorage]:
    """url: sqlite:///FILE, postgresql://…, or a path that ends in .journal; None: a journal in the folder.

    Raises InputError where it cannot be opened.
    """
    if url is None or "://" not in url:
        path = folder / JOURNAL if url is None else Path(url)
        if path.suffix != ".journal":
            remedy = "Use sqlite:///FILE, postgresql://…, or FILE.journal"
            raise InputError("a storage must be the URL of a database, or a journal file", url, "--storage", remedy)
        if url is None:
            refuse_link(path)
        with closing(SearchJournal(path)) as journal:
            yield JournalStorage(journal)
        return
    try:
        storage = RDBStorage(url)
    except Exception as error:  # noqa: BLE001 - each database driver has exceptions of its own
        fault = " ".join(str(error).split())[:200]
        remedy = "Check the URL, the server, and that the driver is installed"
        where = f"--storage {without_password(url)}"
        raise InputError("the storage must be a database that can be opened", fault, where, remedy) from None
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def open_search(
    storage: BaseStorage, name: str, identity: str, objectives: Sequence[SearchObjective], sampler: BaseSampler
) -> optuna.Study:
    """The search of this name, new or resumed. Trials that a killed process left running are marked failed.

    Raises InputError where the storage has another search of this name.
    """
    directions = [StudyDirection.MAXIMIZE if one.maximise else StudyDirection.MINIMIZE for one in objectives]
    study = optuna.create_study(
        storage=storage, study_name=name, directions=directions, sampler=sampler, load_if_exists=True
    )
    known = study.user_attrs.get("identity")
    if known is None:
        study.set_user_attr("identity", identity)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names([objective.name for objective in objectives])
    elif known != identity:
        rule, remedy = "a storage must not have two searches of the same name", "Give another --storage"
        raise InputError(rule, f"another search called {name}", "--storage", remedy)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def without_password(url: str) -> str:
    """The URL without user and password, as it may be shown."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def has_search(storage: BaseStorage, name: str) -> bool:
    return name in {study.study_name for study in storage.get_all_studies()}
