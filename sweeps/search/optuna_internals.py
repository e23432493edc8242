"""The private parts of Optuna that a search needs, in one place, checked when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna

from gridproof.kernels.errors import InputError

# The version with which this module was written. The tests check the meaning of each part in the installed version.
TESTED = "5.0.0"

# The operations of a trial that has no result yet, by Optuna's own names.
_OF_A_RUNNING_TRIAL = ("CREATE_TRIAL", "SET_TRIAL_PARAM", "SET_TRIAL_USER_ATTR", "SET_TRIAL_SYSTEM_ATTR")


def running_trial_operations() -> frozenset[int]:
    """Optuna's numbers of the journal operations of a trial that has no result yet.

    Raises InputError where the installed Optuna does not have them.
    """
    try:
        from optuna.storages.journal._storage import JournalOperation

        return frozenset(JournalOperation[name].value for name in _OF_A_RUNNING_TRIAL)
    except (ImportError, KeyError) as error:
        raise _unsupported(f"JournalOperation ({error})") from None


def operation_of(record: Mapping[str, Any]) -> int:
    """The number of a journal record's operation. Raises InputError where the record has none."""
    try:
        return int(record["op_code"])
    except (KeyError, TypeError, ValueError):
        raise _unsupported("op_code in a journal record") from None


def _unsupported(missing: str) -> InputError:
    rule = f"the search needs a private part of Optuna that Optuna {TESTED} has"
    value = f"Optuna {optuna.__version__} without {missing}"
    return InputError(rule, value, "package optuna", f"Install optuna=={TESTED}, or give --storage sqlite:///FILE")
