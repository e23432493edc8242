"""A factor study: one checked file with its panel, variants and settings."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gridproof.kernels.errors import InputError
from gridproof.sweeps.factors.spec import FactorStudySpec
from gridproof.sweeps.factors.variant import FactorVariant, Universe, build_control, build_factor
from gridproof.sweeps.study.axes import full_names
from gridproof.sweeps.study.document import Document, folded
from gridproof.sweeps.study.named_file import find_document
from gridproof.sweeps.study.overrides import plain
from gridproof.sweeps.study.selection import StudyPanel, open_panel
from gridproof.sweeps.study.shipped import SHIPPED
from gridproof.sweeps.study.validation_errors import did_you_mean, first_fault

SHIPPED_FACTORS = SHIPPED / "factors"
_SETTINGS = (
    "horizons", "quantiles", "neutralize", "universe", "every", "lag", "cost", "window.from", "window.to",
    "market.periods", "panel.file",
)  # fmt: skip
# So many variants are computed in some minutes each thousand; more are usually a mistake in a range.
MOST_VARIANTS = 10_000


@dataclass(frozen=True)
class FactorStudy:
    """A checked factor study. Returned by ``load_factor_study``; ``set`` returns a changed copy, checked again."""

    document: Document
    spec: FactorStudySpec
    panel: StudyPanel
    universes: tuple[Universe, ...]
    variants: tuple[FactorVariant, ...]
    styles: Mapping[str, int]  # the node of each exposure
    style_weight: int | None

    @property
    def name(self) -> str:
        return self.spec.name

    def where(self, *path: str) -> str:
        return self.document.where(path)

    def set(self, changes: Mapping[str, Any]) -> FactorStudy:
        """Returns a copy with other values of parameters, ``FACTOR.NAME``, or settings. Raises InputError."""
        places = self._places()
        raw, changed = copy.deepcopy(self.document.raw), set(self.document.changed)
        for given, value in changes.items():
            names = full_names(given, dict.fromkeys(places, False))
            if len(names) != 1:
                near = names or difflib.get_close_matches(given, places, 3, 0.5) or list(places)
                rule, remedy = "a change names one parameter or setting of the study", f"Use {', '.join(near)}"
                raise InputError(rule, given, self.document.name, remedy)
            *parents, last = places[names[0]]
            place: dict[str, Any] = raw
            for key in parents:
                place = place.setdefault(key, {})
            place[last] = folded(plain(value), self.document.name)
            changed.add(places[names[0]])
        return build_factor_study(Document(self.document.name, raw, self.document.lines, frozenset(changed)))

    def _places(self) -> dict[str, tuple[str, ...]]:
        """The keys in the file of every name that ``set`` accepts."""
        places = {name: tuple(name.split(".")) for name in _SETTINGS}
        for name, one in self.spec.factors.items():
            places |= {f"{name}.{key}": ("factors", name, key) for key in one.model_extra or {}}
        return places

    def to_yaml(self) -> str:
        return yaml.safe_dump(self.document.raw, sort_keys=False, allow_unicode=True, width=110)


def shipped_factor_studies() -> list[str]:
    """Returns the names of the factor studies that are installed."""
    return sorted(path.stem for path in SHIPPED_FACTORS.glob("*.yaml"))


def load_factor_study(source: str | Path | Mapping[str, Any]) -> FactorStudy:
    """Read and check a factor study: a file, the name of a shipped one, or a mapping with the keys of a file.

    Raises InputError where the file cannot be read, or a key or value is wrong.
    """
    return build_factor_study(find_document(source, SHIPPED_FACTORS, "factor study", "STUDY"))


def build_factor_study(document: Document) -> FactorStudy:
    """Check a parsed factor study. Raises InputError if it is invalid."""
    try:
        spec = FactorStudySpec.model_validate(document.raw)
    except ValidationError as error:
        raise first_fault(error, document, FactorStudySpec) from None
    if not spec.factors and spec.styles is None:
        rule, remedy = "a factor study has factors, styles or both", "Write `name: formula` lines under factors"
        raise InputError(rule, "neither", document.where(("factors",)), remedy)
    _check_settings(spec, document)
    panel = open_panel(spec.panel, document)
    for name in spec.groups:
        if name in panel.formulas.fields:
            where = document.where(("groups", name))
            raise InputError("a group has a name of its own", f"{name}, which is a field", where, "Rename it")
    universes = _universes(spec, panel, document)
    variants = _variants(spec, universes, panel, document)
    styles, weight = _styles(spec, panel, document)
    return FactorStudy(document, spec, panel, universes, variants, styles, weight)


def _check_settings(spec: FactorStudySpec, document: Document) -> None:
    if len(set(spec.horizons)) < len(spec.horizons) or sorted(spec.horizons) != spec.horizons:
        where = document.where(("horizons",))
        raise InputError("horizons are different and ascending", spec.horizons, where, "Sort them, and list each once")
    labels = [one.label for one in spec.neutralize]
    if len(set(labels)) < len(labels):
        where = document.where(("neutralize",))
        raise InputError("each way to neutralise occurs once", ", ".join(labels), where, "Remove one")
    window = spec.window
    if window.published is not None:
        where = document.where(("window", "published"))
        rule, remedy = "a factor study has one window", "Remove published, and run the days after it as a study"
        raise InputError(rule, window.published, where, remedy)
    if window.to is not None and window.to <= window.from_:
        where = document.where(("window", "to"))
        value = f"from {window.from_}, to {window.to}"
        raise InputError("`from` and `to` must be in ascending order", value, where, "Put the dates in order")


def _universes(spec: FactorStudySpec, panel: StudyPanel, document: Document) -> tuple[Universe, ...]:
    universes = []
    for name, text in spec.universe.items():
        where = document.where(("universe", name) if len(spec.universe) > 1 else ("universe",))
        node = panel.formulas.condition(panel.formulas.of_fields(text, where), where) if text else None
        universes.append(Universe(name, node))
    if not universes:
        where = document.where(("universe",))
        raise InputError("a study has a universe", "none", where, "Write a condition, or remove the key")
    return tuple(universes)


def _variants(
    spec: FactorStudySpec, universes: tuple[Universe, ...], panel: StudyPanel, document: Document
) -> tuple[FactorVariant, ...]:
    controls = [
        build_control(one, tuple(spec.groups), panel, ("neutralize", str(number)), document)
        for number, one in enumerate(spec.neutralize)
    ]
    formulas = {name: build_factor(name, one, panel, document) for name, one in spec.factors.items()}
    size = sum(map(len, formulas.values())) * len(universes) * len(controls)
    if size > MOST_VARIANTS:
        rule, remedy = f"a factor study has at most {MOST_VARIANTS:,} variants", "Raise the steps of the ranges"
        raise InputError(rule, f"{size:,}", document.where(("factors",)), remedy)
    return tuple(
        FactorVariant(name, parameters, node, universe, control, document.where(("factors", name)))
        for universe in universes
        for name, found in formulas.items()
        for parameters, node in found
        for control in controls
    )


def _styles(spec: FactorStudySpec, panel: StudyPanel, document: Document) -> tuple[dict[str, int], int | None]:
    one = spec.styles
    if one is None:
        return {}, None
    if not one.exposures:
        where = document.where(("styles", "exposures"))
        raise InputError("styles have exposures", "none", where, "Write `name: formula` lines under it")
    if one.by is not None and one.by not in spec.groups:
        where = document.where(("styles", "by"))
        raise InputError("styles.by names a group of the study", one.by, where, did_you_mean(one.by, spec.groups))
    nodes = {
        name: panel.formulas.of_fields(text, document.where(("styles", "exposures", name)))
        for name, text in one.exposures.items()
    }
    weight = None
    if one.weight is not None:
        weight = panel.formulas.of_fields(one.weight, document.where(("styles", "weight")))
    return nodes, weight
