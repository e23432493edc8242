"""A leg of a study: an asset that can be held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridproof.kernels.errors import InputError
from gridproof.signals.data.stamp_duty import CHINA, StampTax
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.limits import limits_of_key
from gridproof.sweeps.study.spec import LegSpec, StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Leg:
    """An asset that can be held. ``terms``: its axes for interest, carry and cost, if the study gives them."""

    name: str
    series: str | None  # None: cash
    terms: Mapping[str, str]
    stamp_tax: StampTax


def build_leg(name: str, one: str | LegSpec, spec: StudySpec, table: AxisTable, document: Document) -> Leg:
    """Check one leg and add its axes to the table. Raises InputError if it is invalid."""
    where = ("legs", name)
    leg = LegSpec(series=one) if isinstance(one, str) else one
    if (leg.series is None) == (leg.interest is None):
        raise InputError(
            "a leg is either a series, or cash with its interest",
            "neither" if leg.series is None else "both",
            document.where(where),
            "Write series: NAME, or interest: 0.0",
        )
    if leg.series is None and (extra := sorted(leg.model_fields_set - {"interest"})):
        raise InputError("cash has only the key interest", extra[0], document.where((*where, extra[0])), "Remove it")
    if leg.series is not None and leg.series not in spec.series:
        place = where if isinstance(one, str) else (*where, "series")
        remedy = did_you_mean(leg.series, spec.series)
        raise InputError("a leg must name a series of the study", leg.series, document.where(place), remedy)
    terms = {}
    for term in ("interest",) if leg.series is None else ("carry", "cost"):
        if term in leg.model_fields_set:
            terms[term] = f"{name}.{term}"
            table.add(terms[term], (*where, term), getattr(leg, term), limits_of_key(LegSpec, term))
        table.place(f"{name}.{term}", (*where, term))
    tax = leg.stamp_tax
    if isinstance(tax, dict):
        return Leg(name, leg.series, terms, tuple((day, 0.0, rate) for day, rate in sorted(tax.items())))
    return Leg(name, leg.series, terms, CHINA if tax == "china" else ())
