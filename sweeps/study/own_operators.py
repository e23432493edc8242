"""The operators of a study's own: which file may be executed, and which never is."""

from __future__ import annotations

from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.user_operators.file import OperatorFile, read_operator_file
from gridproof.signals.expression.user_operators.look_ahead import check_file
from gridproof.sweeps.study.document import Document

KEY = "operators"


def open_operators(name: str | None, document: Document) -> OperatorFile | None:
    """Read, execute and check the file that a study names, from the study's folder; None where it names none.

    A study that is not in a file is in the working directory. Raises InputError where the file lies elsewhere, where
    the study or the file is in a run's folder, or where an operator is faulty.
    """
    if name is None:
        return None
    where, folder = document.where((KEY,)), Path(document.name).parent
    path = folder / name
    if any(map(_holds_a_run, (folder.resolve(), *folder.resolve().parents, *path.resolve().parents))):
        raise _refused(document)
    if path.suffix != ".py" or not path.resolve().is_relative_to(folder.resolve()):
        rule = "operators names a Python file beside the study or in a folder below it"
        raise InputError(rule, name, where, "Move it there, and write its path from the study's folder")
    file = read_operator_file(path, where)
    check_file(file)
    return file


def _holds_a_run(folder: Path) -> bool:
    from gridproof.results.run.manifest import MANIFEST
    from gridproof.results.run.store import CUT  # imports pandas, which other studies do not need here

    return (folder / CUT).exists() or ((folder / MANIFEST).exists() and (folder / "study.yaml").exists())


def refuse_operators(document: Document, operators: OperatorFile | None) -> None:
    """Raises InputError where a study in a run's folder has operators of its own and none are given."""
    if document.raw.get(KEY) is not None and operators is None:
        raise _refused(document)


def _refused(document: Document) -> InputError:
    rule = "a run's folder may be written by others, so its operators are not executed"
    remedy = "Run your own study file, which continues the run; else read operators.py, and copy it and the study"
    remedy += " to a folder of your own"
    return InputError(rule, document.raw.get(KEY), document.where((KEY,)), remedy)
