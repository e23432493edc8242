"""Changes to a study, written on the command line or in Python: new values for an axis or a setting."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import yaml

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.axes import full_names
from gridproof.sweeps.study.document import Document, folded, parse_value
from gridproof.sweeps.study.space import Space

# What can be changed besides the axes.
SETTINGS = (
    "window.from", "window.to", "window.published", "objective", "risk_free", "market.periods", "declared", "choices",
)  # fmt: skip


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


class Changeable(NamedTuple):
    """The parts of a study by which its file can be changed. ``places``: for every name that can be changed its keys in
    the file."""

    document: Document
    space: Space
    places: Mapping[str, tuple[str, ...]]

    def full_name(self, name: str) -> str:
        """The full name of an axis or setting from a unique ending of it, such as lag. Raises InputError."""
        several = {axis.name: len(axis.values) > 1 for axis in self.space.axes}
        for names in (several, dict.fromkeys(self.places, False)):
            if len(full_names(name, names)) == 1:
                return full_names(name, names)[0]
        near = (
            full_names(name, dict.fromkeys(self.places, False))
            or difflib.get_close_matches(name, self.places, 3, 0.5)
            or list(self.space.names)
        )
        rule = "a name must identify one axis of the study"
        raise InputError(rule, name, self.document.name, f"Use {', '.join(near)}")

    def changed(self, changes: Mapping[str, Any]) -> Document:
        """The file with other values on some axes or settings. An axis set to a single value has its base there.

        Raises InputError if a name is unknown; the values are not checked.
        """
        raw, changed = copy.deepcopy(self.document.raw), set(self.document.changed)
        # A short name means an axis with several values, and after a change it may have one.
        if raw.get("choices"):
            raw["choices"] = [self.full_name(given) for given in raw["choices"]]
        for name, value in self._resolved(changes).items():
            *parents, last = self.places[name]
            place: dict[str, Any] = raw
            for key in parents:
                if isinstance(place.get(key), str):
                    place[key] = {"series": place[key]}
                elif place.get(key) is None:
                    place[key] = {}
                place = place[key]
            place[last] = value
            changed.add(self.places[name])
            if name not in SETTINGS and not isinstance(value, list | dict):
                base = raw.setdefault("base", {})
                for other in [key for key in base if self.full_name(key) == name]:
                    del base[other]
                base[name] = value
                changed.add(("base", name))
        return Document(self.document.name, raw, self.document.lines, frozenset(changed))

    def values(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """One value for each axis or setting that a point names, by full name. Raises InputError."""
        for name, value in point.items():
            if isinstance(plain(value), list | dict):
                remedy = "Give one value, or sweep several with Study.set or --set"
                raise InputError("a point has one value on each axis", f"{name}: {value}", self.document.name, remedy)
        return self._resolved(point)

    def _resolved(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The changes with full names and plain values."""
        resolved: dict[str, Any] = {}
        for given, value in changes.items():
            name = self.full_name(str(folded(given, self.document.name)))
            if name in resolved:
                rule, remedy = "a change names an axis once", f"Remove one of the two for {name}"
                raise InputError(rule, given, self.document.name, remedy)
            resolved[name] = folded(plain(value), self.document.name)
        return resolved
