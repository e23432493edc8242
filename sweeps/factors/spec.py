"""The keys of a factor study and the values each may have, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from gridproof.sweeps.study.key_types import AXIS_SCHEMA, Expression, Name, StudyName
from gridproof.sweeps.study.panel_spec import PanelSpec
from gridproof.sweeps.study.spec import WindowSpec

# The word for a factor that is not neutralised, and the name of the only universe where the study names none.
NONE, ALL = "none", "all"


class _FactorPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FactorMarketSpec(_FactorPart):
    path: str | None = Field(None, description="folder of the files, from the working directory; --data overrides it")
    periods: float = Field(243, gt=0, le=366, description="trading days a year, for every annual figure")


class GroupSpec(_FactorPart):
    file: str | None = Field(
        None, description="a table in the market folder with a row for each stock; default: the panel's own file"
    )
    code: str = Field("code", description="its column of the stocks' codes")
    field: str = Field(description="the column with the group of each stock, such as its industry")


class FactorSpec(BaseModel):
    """Further keys are the parameters that its formula names."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    value: Expression = Field(description="a formula of fields and parameters; the higher, the better the stock")


def _factor(value: Any) -> Any:
    """A formula alone as {value: formula}."""
    return value if isinstance(value, dict) else {"value": value}


Factor = Annotated[FactorSpec, BeforeValidator(_factor)]


def _by(value: Any) -> Any:
    """none, or {by: one} with a single text, as {by: [...]}."""
    if value == NONE:
        return {"by": []}
    if isinstance(value, dict) and isinstance(value.get("by"), str):
        return value | {"by": [value["by"]]}
    return value


class NeutralSpec(_FactorPart):
    by: list[Expression] = Field(description="groups, and formulas of fields")

    @property
    def label(self) -> str:
        return " + ".join(self.by) or NONE


_NEUTRAL_SCHEMA: dict[str, Any] = {
    "description": "none, or by what: the residual of a regression on these over the stocks of the day",
    "oneOf": [
        {"const": NONE},
        {
            "type": "object",
            "properties": {"by": {"type": ["string", "array"], "items": {"type": "string"}}},
            "required": ["by"],
            "additionalProperties": False,
        },
    ],
}
Neutral = Annotated[NeutralSpec, BeforeValidator(_by), WithJsonSchema(_NEUTRAL_SCHEMA)]


def _universes(value: Any) -> Any:
    return {ALL: value} if isinstance(value, str) else value


_UNIVERSE_SCHEMA: dict[str, Any] = {"oneOf": [{"type": "string"}, {"type": "object"}]}
Universes = Annotated[dict[Name, Expression], BeforeValidator(_universes), WithJsonSchema(_UNIVERSE_SCHEMA)]


class StylesSpec(_FactorPart):
    exposures: dict[Name, Expression] = Field(
        description="by name: formulas of fields, known at the close before the return"
    )
    by: Name | None = Field(None, description="the group of which each has a return of its own, such as the industry")
    weight: Expression | None = Field(
        None, description="a formula: the weight of a stock in the regression; default: all equal"
    )
    clip: float | None = Field(
        3.0, gt=0, description="exposures are cut at so many standard deviations from their mean, then standardised"
    )


class FactorStudySpec(_FactorPart):
    """A gridproof factor study: what factors say about the returns of the stocks of a panel."""

    name: StudyName
    title: str | None = Field(None, description="shown in the report")
    notes: list[str] = Field([], description="shown in the report, a paragraph each")
    market: FactorMarketSpec = Field(FactorMarketSpec(path=None, periods=243), description="where the data are")
    panel: PanelSpec = Field(description="the stocks")
    groups: dict[Name, GroupSpec] = Field({}, description="by name: what group a stock belongs to")
    factors: dict[Name, Factor] = Field(
        {}, description="by name: a formula of fields, or a mapping with value: and the parameters of the formula"
    )
    universe: Universes = Field(
        {ALL: ""},
        description="the condition of the universe, or several by name; default: every stock with a row and a close",
    )
    horizons: list[Annotated[int, Field(ge=1)]] = Field(
        [1, 5, 10, 20, 60], min_length=1, description="days over which forward returns are measured"
    )
    quantiles: int = Field(10, ge=2, le=100, description="groups of equal size by factor value")
    neutralize: list[Neutral] = Field(
        [NeutralSpec(by=[])], min_length=1, description="by what each factor is neutralised, several in turn"
    )
    every: int = Field(1, ge=1, description="days from one formation of the quantile portfolios to the next")
    lag: int = Field(1, ge=1, description="the factor at the close of day t earns from day t + lag on")
    cost: float = Field(0.0, ge=0, lt=1, description="one-way, a share of the traded value")
    window: WindowSpec = Field(description="the days on which factors are measured")
    styles: StylesSpec | None = Field(None, description="returns of styles by a regression of each day")


def factor_schema() -> dict[str, Any]:
    """Returns the JSON schema of a factor study, draft 2020-12."""
    schema: dict[str, Any] = FactorStudySpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    factor = schema["$defs"]["FactorSpec"]
    factor["additionalProperties"] = AXIS_SCHEMA | {"description": "a parameter that the formula names"}
    schema["properties"]["factors"]["additionalProperties"] = {
        "oneOf": [{"type": "string"}, {"$ref": "#/$defs/FactorSpec"}]
    }
    return schema
