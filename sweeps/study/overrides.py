"""Changes to a study, written on the command line or in Python: new values for an axis or a setting."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import numpy as np
import yaml

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.document import parse_value

_STEPS = re.compile(r"^([^:,\[{]+):([^:]+):([^:]+)$")
_WHERE = "command line"


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """Parse 'axis=value' texts into changes for ``Study.set``. A value is one value, 'a,b,c', 'from:to:step' or YAML.

    Raises InputError if a text has another form or names an axis twice.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise InputError("a change is written axis=value", text, _WHERE, "Write for example lag=2")
        if name in changes:
            raise InputError("a change names an axis once", text, _WHERE, "Write one change with all values: lag=1,2")
        try:
            changes[name] = _parse(value)
        except (yaml.YAMLError, ValueError, RecursionError):
            remedy = "Write 243, or 200,243, or 200:280:1"
            raise InputError("a change has one value, a list or a range", text, _WHERE, remedy) from None
    return changes


def _parse(value: str) -> Any:
    if steps := _STEPS.match(value):
        return dict(zip(("from", "to", "step"), map(parse_value, steps.groups()), strict=True))
    if "," in value and value[0] not in "[{":
        return [parse_value(part) for part in value.split(",")]
    return parse_value(value)


def plain(value: Any) -> Any:
    """Returns a value as YAML would hold it: NumPy values become numbers, arrays and tuples lists, dates text."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | range):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return value
