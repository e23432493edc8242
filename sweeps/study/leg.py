"""A leg of a study: an asset that can be held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gridproof.kernels.errors import InputError
from gridproof.signals.data.stamp_duty import CHINA, StampTax
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.limits import limits_of_key
from gridproof.sweeps.study.selection import (
    DIVIDEND,
    SELECTING,
    TRADED_AS,
    StockSelection,
    StudyPanel,
    build_selection,
    read_formulas,
)
from gridproof.sweeps.study.spec import AMOUNT, LEG_COLUMNS, LegSpec, StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean

# The terms that a leg may give, each an axis: of cash, and of all others.
CASH_TERMS = ("interest", "financing")
ASSET_TERMS = ("carry", "cost", "sale_cost", "borrow_fee")
# Of a leg with a series; they are no rates a year and no costs by themselves.
IMPACT_TERMS = ("impact", "impact_power")
# Of a leg with a series that has dividends and one that has none, and of selected stocks whose dividends are known.
DIVIDEND_TAX = "dividend_tax"
# Those that a mix pays where a weight is below 0.
BORROWING = ("financing", "borrow_fee")


@dataclass(frozen=True, slots=True)
class Leg:
    """An asset that can be held: a series, a selection of stocks, or cash.

    ``terms``: its axes for interest, carry and costs, if the study gives them, and those of a selection, which always
    has them; the parameters of its formulas stand among them under their full names. ``columns``: by key, such as open,
    a further column of the file of its series. ``price``: the series of the same asset without dividends, if dividends
    are taxed.
    """

    name: str
    series: str | None
    terms: Mapping[str, str]
    stamp_tax: StampTax
    selection: StockSelection | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    price: str | None = None

    def column_series(self, key: str) -> str:
        """Returns the name under which the market has a further column, such as small.open."""
        return f"{self.name}.{key}"

    @property
    def cash(self) -> bool:
        return self.series is None and self.selection is None

    @property
    def selecting(self) -> tuple[str, ...]:
        """The axes of what it selects, which are choices: not those of how stocks trade; none for another leg."""
        if self.selection is None:
            return ()
        chosen = (self.terms[one] for one in SELECTING if one != TRADED_AS)
        return (*chosen, *self.selection.parameters)


def build_legs(
    spec: StudySpec, panel: StudyPanel | None, expressions: StudyExpressions, table: AxisTable, document: Document
) -> tuple[Leg, ...]:
    """Check the legs and add their axes to the table. Raises InputError if one is invalid.

    The formulas of selections are read last: a term may be tied to one of a later leg.
    """
    legs = [_build_leg(name, one, spec, panel, expressions, table, document) for name, one in spec.legs.items()]
    return tuple(_with_formulas(leg, spec, expressions, table, document) for leg in legs)


def _with_formulas(
    leg: Leg, spec: StudySpec, expressions: StudyExpressions, table: AxisTable, document: Document
) -> Leg:
    one = spec.legs[leg.name]
    if leg.selection is None or isinstance(one, str) or one.select is None:
        return leg
    path = ("legs", leg.name)
    selection = read_formulas(leg.selection, one.select, leg.terms, expressions, spec, path, table, document)
    return replace(leg, selection=selection, terms={**leg.terms, **{axis: axis for axis in selection.parameters}})


def _build_leg(
    name: str,
    one: str | LegSpec,
    spec: StudySpec,
    panel: StudyPanel | None,
    expressions: StudyExpressions,
    table: AxisTable,
    document: Document,
) -> Leg:
    """Check one leg and add its axes to the table, without the formulas of what it selects. Raises InputError if it is
    invalid."""
    where = ("legs", name)
    leg = LegSpec(series=one) if isinstance(one, str) else one
    if leg.select is not None:
        return _selected(name, leg, panel, expressions, table, document)
    if (leg.series is None) == (leg.interest is None):
        raise InputError(
            "a leg is either a series, or cash with its interest",
            "neither" if leg.series is None else "both",
            document.where(where),
            "Write series: NAME, select: of a panel, or interest: 0.0",
        )
    if leg.series is None and (extra := sorted(leg.model_fields_set - {"interest", "financing"})):
        rule = "cash has only the keys interest and financing"
        raise InputError(rule, extra[0], document.where((*where, extra[0])), "Remove it")
    if leg.series is not None and "financing" in leg.model_fields_set:
        raise InputError("financing is of cash", name, document.where((*where, "financing")), "Remove it")
    if leg.series is not None and leg.series not in spec.series:
        place = where if isinstance(one, str) else (*where, "series")
        remedy = did_you_mean(leg.series, spec.series)
        raise InputError("a leg must name a series of the study", leg.series, document.where(place), remedy)
    terms = _terms(name, leg, CASH_TERMS if leg.series is None else (*ASSET_TERMS, *IMPACT_TERMS, DIVIDEND_TAX), table)
    _check_price(leg, spec, where, document)
    columns = {key: column for key in LEG_COLUMNS if (column := getattr(leg, key)) is not None}
    if columns and leg.series is not None and spec.series[leg.series].model is not None:
        rule, remedy = "a series that is estimated has no further columns", "Remove it"
        raise InputError(rule, next(iter(columns)), document.where((*where, next(iter(columns)))), remedy)
    if AMOUNT not in columns and "impact" in terms:
        rule, remedy = "impact needs the traded value of each day", "Write amount: COLUMN"
        raise InputError(rule, "no amount", document.where((*where, "impact")), remedy)
    return Leg(name, leg.series, terms, _stamp_tax(leg), columns=columns, price=leg.price)


def _check_price(leg: LegSpec, spec: StudySpec, where: tuple[str, ...], document: Document) -> None:
    """Check that a leg names the series without dividends where it taxes them, and only there."""
    given = DIVIDEND_TAX in leg.model_fields_set
    if given and leg.price is None:
        rule = "dividend_tax needs the price without dividends: what `series` earns more is the dividends"
        remedy = "Write price: and the series of the price index; `series` is that of the total return"
        raise InputError(rule, "no price", document.where((*where, DIVIDEND_TAX)), remedy)
    if leg.price is None:
        return
    place = document.where((*where, "price"))
    if not given:
        raise InputError("price is for dividend_tax", leg.price, place, "Remove it, or write dividend_tax: 0.1")
    if leg.price not in spec.series:
        rule = "price must name a series of the study"
        raise InputError(rule, leg.price, place, did_you_mean(leg.price, spec.series))
    if leg.price == leg.series:
        rule, remedy = "price is another series than the one with dividends", "Name the price index"
        raise InputError(rule, leg.price, place, remedy)


def _selected(
    name: str,
    leg: LegSpec,
    panel: StudyPanel | None,
    expressions: StudyExpressions,
    table: AxisTable,
    document: Document,
) -> Leg:
    where = ("legs", name)
    if extra := sorted(
        leg.model_fields_set & {"series", "interest", "financing", *LEG_COLUMNS, *IMPACT_TERMS, "price"}
    ):
        rule = f"a leg with select: has no {extra[0]}"
        raise InputError(rule, extra[0], document.where((*where, extra[0])), "Remove it")
    assert leg.select is not None
    if DIVIDEND_TAX in leg.model_fields_set and (panel is None or DIVIDEND not in panel.formulas.fields):
        rule = f"{DIVIDEND_TAX} of selected stocks needs the field {DIVIDEND} of the panel, yuan for each share"
        raise InputError(rule, f"no {DIVIDEND}", document.where((*where, DIVIDEND_TAX)), "Add it to panel.fields")
    terms = _terms(name, leg, (*ASSET_TERMS, DIVIDEND_TAX), table)
    selection, selecting = build_selection(leg.select, panel, expressions, where, table, document)
    terms |= selecting
    return Leg(name, None, terms, _stamp_tax(leg), selection)


def _terms(name: str, leg: LegSpec, keys: Sequence[str], table: AxisTable) -> dict[str, str]:
    """Add the axes that the leg gives, and note the places of all that it may have."""
    terms = {}
    for term in keys:
        if term in leg.model_fields_set:
            terms[term] = f"{name}.{term}"
            table.add(terms[term], ("legs", name, term), getattr(leg, term), limits_of_key(LegSpec, term))
        table.place(f"{name}.{term}", ("legs", name, term))
    return terms


def _stamp_tax(leg: LegSpec) -> StampTax:
    if isinstance(leg.stamp_tax, dict):
        return tuple((day, 0.0, rate) for day, rate in sorted(leg.stamp_tax.items()))
    return CHINA if leg.stamp_tax == "china" else ()
