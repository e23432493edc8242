"""The keys of a mix, whose other keys are legs, and of a sleeve."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridproof.results.axis_range import Value
from gridproof.sweeps.study.allocation import DAILY, REBALANCE
from gridproof.sweeps.study.key_types import AxisEntry, Keys
from gridproof.sweeps.study.limits import AxisLimits


def _weight_problem(weight: Value) -> tuple[str, str] | None:
    if isinstance(weight, str) or -1.0 <= weight <= 3.0:
        return None
    return "is a share of NAV between -1 and 3", "Write a share: 0.5 is 50 %"


# The weight of a leg in a mix, a share of NAV: below 0 it is sold short, above 1 it is held on credit.
WEIGHT = AxisLimits(float, fits=_weight_problem)


def _share_problem(share: Value) -> tuple[str, str] | None:
    if isinstance(share, str) or 0.0 <= share <= 1.0:
        return None
    return "is a share of NAV between 0 and 1", "Write a share: 0.5 is 50 %"


SHARE = AxisLimits(float, fits=_share_problem)


class MixSpec(BaseModel):
    """Further keys are legs with their weights: a number, several (an axis), rest, or a formula."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)
    rebalance: Annotated[AxisEntry, AxisLimits(str, choices=REBALANCE)] = Field(
        (DAILY,),
        description="daily, weekly, monthly (at the close of the last trading day) or never: when weights "
        "that have drifted are set back; entry: they are set when the position is entered, and not again until it is "
        "left",
    )
    step: Annotated[AxisEntry, AxisLimits(float, 0.001, 4)] = Field(
        (0.1,), description="of a weight that follows a formula: the nearest multiple of this above min is held"
    )
    min: Annotated[AxisEntry, WEIGHT] = Field((0.0,), description="of a weight that follows a formula: the least")
    max: Annotated[AxisEntry, WEIGHT] = Field(
        (1.0,),
        description="of a weight that follows a formula: the most. Several such weights and the fixed ones sum to at "
        "most 1, or to this where it is larger",
    )
    missing: Literal["off", "hold"] | None = Field(
        None,
        description="what an unknown value of the formula means: off, the least weight, or hold, the last known "
        "one; default: it is an error",
    )


class SleeveSpec(Keys):
    share: Annotated[AxisEntry | None, SHARE] = Field(
        None, description="of NAV; default: all sleeves have equal shares; what they leave is cash"
    )
    rule: dict[str, str] = Field(description="as of a study: leg or mix: expression of signals")
