"""The ledger files of one run or search, and what is wrong with them."""

from __future__ import annotations

from glob import escape
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.file import read_file
from gridproof.results.ledger.ledger import LEDGER_FOLDER
from gridproof.results.ledger.lines import is_cut_off


def files_of(folder: Path) -> list[Path]:
    """The ledger files of the run or search in a folder."""
    return sorted((folder.parent / LEDGER_FOLDER).glob(f"{escape(folder.name)}-*.jsonl"))


def check_ledger(folder: Path) -> None:
    """Raises InputError where a ledger file of another run than the one in ``folder`` is damaged.

    A verdict counts all of the ledger, so this is found before the work. Damaged files of the run itself are replaced.
    """
    ledger = folder.parent / LEDGER_FOLDER
    for path in sorted({*ledger.glob("*.jsonl")} - {*files_of(folder)}):
        read_file(path)


def ledger_faults(folder: Path) -> list[str]:
    """A sentence for each damaged ledger file of the run or search in a folder."""
    return [fault for path in files_of(folder) if (fault := _fault(path)) is not None]


def is_recorded(folder: Path) -> bool:
    """Whether the ledger next to a search's folder has entries of that search."""
    return bool(files_of(folder))


def remove_damaged(folder: Path) -> list[str]:
    """Removes the damaged ledger files of a run whose variants are all recorded in another one; a sentence for each."""
    removed = []
    for path in files_of(folder):
        if (fault := _fault(path)) is not None:
            path.unlink(missing_ok=True)
            removed.append(f"{fault}; removed, since its run is recorded again")
    return removed


def _fault(path: Path) -> str | None:
    """What is wrong with a ledger file, None where nothing is."""
    try:
        read_file(path)
    except InputError as error:
        return f"{error.where}: {error.rule}; got {error.value}"
    return f"{path}: its last line is cut off" if is_cut_off(path) else None
