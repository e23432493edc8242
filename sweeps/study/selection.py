"""The panel of a study, and the selections of its stocks that are legs."""

from __future__ import annotations

from dataclasses import dataclass

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.panel import PanelFormulas
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.spec import PanelSpec, SelectSpec, StudySpec

# The field that is what a share is worth, and the one that says whether it is from a trade.
CLOSE, TRADED = "close", "traded"
# The axes of a selection.
COUNT, EVERY, OFFSET = SELECTING = ("count", "every", "offset")


@dataclass(frozen=True, slots=True)
class StudyPanel:
    """The panel of a study: its file and the formulas over it. ``close`` and ``traded``: nodes of these."""

    spec: PanelSpec
    formulas: PanelFormulas
    close: int
    traded: int | None

    def text(self, at: int | None) -> str | None:
        return None if at is None else self.formulas.text(at)

    @property
    def identity(self) -> list[str | None]:
        """What stocks are worth, however the fields are called: the file, its keys, and the formulas in its columns."""
        one = self.spec
        return [one.file, one.date, one.code, self.text(self.close), self.text(self.traded)]


@dataclass(frozen=True, slots=True)
class StockSelection:
    """What a leg selects. ``universe``: the node of its condition, None for all. ``ranking``: of its ranking."""

    panel: StudyPanel
    universe: int | None
    ranking: int
    highest: bool

    @property
    def identity(self) -> list[str | None]:
        """The panel, the universe, the direction and the ranking, in the columns of the file."""
        direction = "highest" if self.highest else "lowest"
        return [*self.panel.identity, self.panel.text(self.universe), direction, self.panel.text(self.ranking)]


def build_panel(spec: StudySpec, document: Document) -> StudyPanel | None:
    """Check the panel of a study and its fields. Raises InputError if one is invalid, or no leg selects from it."""
    one = spec.panel
    if one is None:
        return None
    if all(isinstance(leg, str) or leg.select is None for leg in spec.legs.values()):
        rule, remedy = "a panel is read for a leg with select:", "Add such a leg, or remove the panel"
        raise InputError(rule, "no leg selects", document.where(("panel",)), remedy)
    where = document.where(("panel", "fields"))
    if CLOSE not in one.fields:
        rule = "a panel needs the field close, what a share is worth, adjusted for splits and dividends"
        raise InputError(rule, ", ".join(one.fields) or "no fields", where, "Add close: and a formula of columns")
    formulas = PanelFormulas(one.fields, {name: document.where(("panel", "fields", name)) for name in one.fields})
    traded = None
    if TRADED in one.fields:
        traded = formulas.condition(formulas.fields[TRADED], document.where(("panel", "fields", TRADED)))
    return StudyPanel(one, formulas, formulas.fields[CLOSE], traded)


def build_selection(
    one: SelectSpec, panel: StudyPanel | None, path: tuple[str, ...], document: Document
) -> StockSelection:
    """Check what a leg selects. path: the keys of the leg in the file. Raises InputError if it is invalid."""
    if panel is None:
        rule, remedy = "a leg with select: needs the panel from which it selects", "Add panel: to the study"
        raise InputError(rule, "no panel", document.where((*path, "select")), remedy)
    if (one.lowest is None) == (one.highest is None):
        got = "neither" if one.lowest is None else "both"
        rule, remedy = (
            "a selection takes the lowest or the highest of one ranking",
            "Write lowest: FIELD or highest: FIELD",
        )
        raise InputError(rule, got, document.where((*path, "select")), remedy)
    key, text = ("highest", one.highest) if one.lowest is None else ("lowest", one.lowest)
    ranking = panel.formulas.of_fields(str(text), document.where((*path, "select", key)))
    universe = None
    if one.where is not None:
        where = document.where((*path, "select", "where"))
        universe = panel.formulas.condition(panel.formulas.of_fields(one.where, where), where)
    return StockSelection(panel, universe, ranking, key == "highest")
