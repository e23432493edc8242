"""The panel of a study, and the selections of its stocks that are legs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.signals.data.release import Release
from gridproof.signals.expression.panel import PanelFormulas
from gridproof.signals.expression.scope import Scope
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.limits import limits_of_key
from gridproof.sweeps.study.panel_spec import PanelSpec, SelectSpec
from gridproof.sweeps.study.spec import LegSpec, StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean
from gridproof.sweeps.study.values import SameAs

# Fields with a meaning of their own: what a share is worth, whether that is from a trade, what price limits need, and
# what trades at the open need.
CLOSE, TRADED = "close", "traded"
RAW, PREVIOUS, SPECIAL = "raw_close", "previous_close", "st"
OPENING, RAW_OPENING = "open", "raw_open"
# What the taxes of the account on dividends need.
DIVIDEND = "cash_dividend"
# Words in place of a formula: every stock, equal weights; and how stocks are traded.
ALL, EQUAL = "all", "equal"
IDEAL, LIMITS = ("ideal", "limits")
# The terms of a selection, each an axis. The ranking's is called lowest or highest in the file.
WHERE, RANKING, WEIGHTS, TRADED_AS, COUNT, EVERY, OFFSET = SELECTING = (
    "where", "ranking", "weights", "trading", "count", "every", "offset"
)  # fmt: skip
# Those whose values are words or formulas.
WORDED = (WHERE, RANKING, WEIGHTS, TRADED_AS)


@dataclass(frozen=True, slots=True)
class StudyPanel:
    """The panel of a study, and the formulas over it. ``close`` and ``traded``: nodes of these.

    ``source``: from what it is: its file, or the files of its series.
    """

    spec: PanelSpec
    formulas: PanelFormulas
    close: int
    traded: int | None
    source: str

    def text(self, at: int | None, names: Mapping[str, str] | None = None) -> str | None:
        return None if at is None else self.formulas.text(at, names)

    @property
    def limited(self) -> bool:
        """Whether the panel has what price limits need."""
        return {TRADED, RAW, SPECIAL} <= set(self.formulas.fields)

    def limiting(self, where: str) -> tuple[int, int | None, int]:
        """The nodes of what price limits need: the raw close, the previous one if it is a field, and the condition of
        special treatment. Raises InputError where one is missing."""
        fields = self.formulas.fields
        missing = [name for name in (TRADED, RAW, SPECIAL) if name not in fields]
        if missing:
            rule = f"trading: {LIMITS} needs the fields {TRADED}, {RAW} (the close in yuan, not adjusted) and {SPECIAL}"
            raise InputError(rule, f"no {', '.join(missing)}", where, "Add them to panel.fields, or trade ideally")
        return fields[RAW], fields.get(PREVIOUS), self.formulas.condition(fields[SPECIAL], where)

    @property
    def opening(self) -> tuple[int, int | None]:
        """The nodes of the open, and of the one in yuan if it is a field. The panel must have the former."""
        return self.formulas.fields[OPENING], self.formulas.fields.get(RAW_OPENING)

    @property
    def opening_texts(self) -> list[str | None]:
        """The formulas of its opens in the columns of the file, None for a field that it has not."""
        return [self.text(self.formulas.fields.get(name)) for name in (OPENING, RAW_OPENING)]

    @property
    def identity(self) -> list[str | None]:
        """What stocks are worth, however the fields are called: the file, its keys, and the formulas in its columns."""
        one = self.spec
        return [self.source, one.date, one.code, self.text(self.close), self.text(self.traded)]


@dataclass(frozen=True, slots=True)
class StockSelection:
    """What a leg selects. ``places``: of its keys in the file, for faults. A formula is a value of an axis.

    ``scope``: what its formulas may name beside fields. ``parameters``: the axes on which they depend: its own, then
    those of the named values that they use. ``releases``: of the series in them. ``nodes``: all of them.
    """

    panel: StudyPanel
    places: Mapping[str, str]
    highest: bool
    scope: Scope
    capital: float | None = None
    minimum: float = 0.0  # of the account's commission for a trade
    parameters: tuple[str, ...] = ()
    releases: Mapping[str, Release] = field(default_factory=dict)
    nodes: tuple[int, ...] = ()

    @property
    def identity(self) -> list[str | None]:
        """What returns depend on beside the values of the terms: the panel, and what each field is."""
        fields = [f"{name}: {self.panel.text(at)}" for name, at in sorted(self.panel.formulas.fields.items())]
        return [*self.panel.identity, self.ranked_by, *fields]

    @property
    def ranked_by(self) -> str:
        """The key of the ranking in the file."""
        return "highest" if self.highest else "lowest"

    def universe(self, text: Value) -> int | None:
        """The node of a condition of the universe, None for all stocks. Raises InputError where it is invalid."""
        if text == ALL:
            return None
        formulas, place = self.panel.formulas, self.places[WHERE]
        return formulas.condition(formulas.of_fields(str(text), place, self.scope), place)

    def ranking(self, text: Value, universe: int | None = None) -> int:
        """The node of a ranking; operators over stocks are over the universe. Raises InputError where it is invalid."""
        scope = replace(self.scope, universe=universe)
        return self.panel.formulas.of_fields(str(text), self.places[RANKING], scope)

    def weights(self, text: Value, universe: int | None = None) -> int | None:
        """The node of the weights, None for equal ones, as ``ranking``. Raises InputError where it is invalid."""
        place, scope = self.places[WEIGHTS], replace(self.scope, universe=universe)
        return None if text == EQUAL else self.panel.formulas.of_fields(str(text), place, scope)

    def canonical(self, term: str, value: Value, names: Mapping[str, str]) -> Value:
        """The value of a term in the columns of the file, however the fields are called.

        ``names``: what is written for each parameter and series.
        """
        text = self.panel.formulas.text
        if term == RANKING:
            return f"{self.ranked_by} {text(self.ranking(value), names)}"
        if term == TRADED_AS and value == LIMITS:
            return " ".join(
                [LIMITS, *(text(at) for at in self.panel.limiting(self.places[TRADED_AS]) if at is not None)]
            )
        node = self.universe(value) if term == WHERE else self.weights(value) if term == WEIGHTS else None
        return value if node is None else text(node, names)


def build_panel(spec: StudySpec, expressions: StudyExpressions, document: Document) -> StudyPanel | None:
    """Check the panel of a study. Raises InputError if it is invalid, or no leg selects from it."""
    one, formulas = spec.panel, expressions.panel
    if one is None or formulas is None:
        return None
    where = document.where(("panel",))
    if bool(one.file) == bool(one.series):
        rule, remedy = (
            "a panel is read from a file, or made of series",
            "Write file: NAME, or series: and a list of names",
        )
        raise InputError(rule, "both" if one.file else "neither", where, remedy)
    if one.series and (one.tables or one.names):
        key = "tables" if one.tables else "names"
        rule, remedy = "only a panel that is read from a file has tables and names", f"Remove {key}:"
        raise InputError(rule, key, document.where(("panel", key)), remedy)
    for name in one.series:
        if name not in spec.series or one.series.count(name) > 1:
            rule, remedy = "a panel names series of the study, each once", did_you_mean(name, spec.series)
            raise InputError(rule, name, document.where(("panel", "series")), remedy)
    selected = any(isinstance(leg, LegSpec) and leg.select is not None for leg in spec.legs.values())
    if not selected and not any(node.kind == "cross" for node in formulas.graph.nodes):
        rule, remedy = "a panel is read for a leg with select:, or for a signal", "Add one, or remove the panel"
        raise InputError(rule, "no leg selects, and no signal has its fields", where, remedy)
    sources = [f"{each.file}[{each.code}].{each.field}" for each in (spec.series[name] for name in sorted(one.series))]
    return open_panel(one, document, formulas, one.file or ", ".join(sources))


def open_panel(
    one: PanelSpec, document: Document, formulas: PanelFormulas | None = None, source: str | None = None
) -> StudyPanel:
    """Check the fields of a panel that stands under the key panel. Raises InputError if one is invalid.

    ``formulas``: those over it, where they share the graph of others. ``source``: from what it is; default: its file.
    """
    where = document.where(("panel", "fields"))
    if CLOSE not in one.fields:
        rule = "a panel needs the field close, what a share is worth, adjusted for splits and dividends"
        raise InputError(rule, ", ".join(one.fields) or "no fields", where, "Add close: and a formula of columns")
    for name in sorted({ALL, EQUAL} & set(one.fields)):
        rule = f"a field must not be called {ALL} or {EQUAL}, which have a meaning in a selection"
        raise InputError(rule, name, document.where(("panel", "fields", name)), "Rename it")
    if DIVIDEND in one.fields and RAW not in one.fields:
        rule = f"{DIVIDEND}, in yuan for a share, needs the field {RAW}, the close in yuan"
        place = document.where(("panel", "fields", DIVIDEND))
        raise InputError(rule, f"no {RAW}", place, "Add it to panel.fields")
    places = {name: document.where(("panel", "fields", name)) for name in one.fields}
    formulas = PanelFormulas(one.fields, places) if formulas is None else formulas
    traded = None
    if TRADED in one.fields:
        traded = formulas.condition(formulas.fields[TRADED], document.where(("panel", "fields", TRADED)))
    return StudyPanel(one, formulas, formulas.fields[CLOSE], traded, one.file if source is None else source)


def build_selection(
    one: SelectSpec,
    panel: StudyPanel | None,
    expressions: StudyExpressions,
    path: tuple[str, ...],
    table: AxisTable,
    document: Document,
) -> tuple[StockSelection, dict[str, str]]:
    """Check the keys of what a leg selects and add its axes to the table. Returns it, without what follows from its
    formulas, which ``read_formulas`` adds, and the axis of each of its terms.

    path: the keys of the leg in the file. Raises InputError if it is invalid.
    """
    path = (*path, "select")
    if panel is None:
        rule, remedy = "a leg with select: needs the panel from which it selects", "Add panel: to the study"
        raise InputError(rule, "no panel", document.where(path), remedy)
    if (one.lowest is None) == (one.highest is None):
        got = "neither" if one.lowest is None else "both"
        rule, remedy = (
            "a selection takes the lowest or the highest of one ranking",
            "Write lowest: FIELD or highest: FIELD",
        )
        raise InputError(rule, got, document.where(path), remedy)
    keys = {term: term for term in SELECTING} | {RANKING: "highest" if one.lowest is None else "lowest"}
    places = {term: document.where((*path, key)) for term, key in keys.items()}
    given = one.model_extra or {}
    if one.capital is not None and RAW not in panel.formulas.fields:
        rule = f"a capital needs the field {RAW}, the close in yuan, not adjusted: lots are of so many shares"
        raise InputError(rule, f"no {RAW}", document.where((*path, "capital")), "Add it to panel.fields")
    if one.min_commission and one.capital is None:
        rule, remedy = "a minimum commission is an amount of money, so it needs a capital", "Add capital: and the yuan"
        raise InputError(rule, "no capital", document.where((*path, "min_commission")), remedy)
    scope = expressions.scope(path, given)
    selection = StockSelection(panel, places, one.lowest is None, scope, one.capital, one.min_commission)
    terms = {term: f"{path[1]}.{key}" for term, key in keys.items()}
    for term, key in keys.items():
        table.add(terms[term], (*path, key), getattr(one, key), limits_of_key(SelectSpec, key))
    return selection, terms


def read_formulas(
    selection: StockSelection,
    one: SelectSpec,
    terms: Mapping[str, str],
    expressions: StudyExpressions,
    spec: StudySpec,
    path: tuple[str, ...],
    table: AxisTable,
    document: Document,
) -> StockSelection:
    """The selection with its nodes, parameters and releases, and the axes of its own parameters in the table.

    The values of a tied term are those of the axis to which it is tied, so the axes of all legs must be in the table.
    Names in a tied formula mean what they mean in this selection. path: the keys of the leg in the file. Raises
    InputError if a formula is invalid.
    """
    path, panel, given = (*path, "select"), selection.panel, one.model_extra or {}
    checks = {WHERE: selection.universe, RANKING: selection.ranking, WEIGHTS: selection.weights}
    nodes = [check(value) for term, check in checks.items() for value in table.values(terms[term])]
    if LIMITS in table.values(terms[TRADED_AS]):
        panel.limiting(selection.places[TRADED_AS])
    expressions.add_parameters(path, given)
    known = tuple(at for at in nodes if at is not None)
    facts = [panel.formulas.graph.facts[at] for at in known]
    below = (name for one in facts for name in one.parameters)
    parameters = tuple(dict.fromkeys([*(f"{path[1]}.{key}" for key in given), *below]))
    releases = {name: _release(name, spec, document) for one in facts for name in one.series}
    return replace(selection, parameters=parameters, releases=releases, nodes=known)


def _release(series: str, spec: StudySpec, document: Document) -> Release:
    """The one release of a series that a selection uses. Raises InputError for several."""
    release, where = spec.series[series].release, document.where(("series", series, "release"))
    if release is None:
        return Release()
    if isinstance(release, SameAs) or len(release) > 1:
        rule = "a series in the formulas of a selection has one release"
        raise InputError(rule, f"several of {series}", where, "Leave one value")
    return Release.parse(release[0], where)
