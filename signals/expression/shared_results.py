"""What all choices of the parameters of one graph share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gridproof.kernels.arrays import Bools
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.market_series import MarketSeries
from gridproof.signals.expression.result_cache import ResultCache
from gridproof.signals.expression.scalars import Value

# Bytes of the results that are kept: of series, and of values of each stock.
_KEPT_BYTES, _KEPT_STOCK_BYTES = 256 * 2**20, 640 * 2**20


@dataclass(slots=True)
class SharedResults:
    """What all choices of the parameters of one graph share: the market's series, and results that are kept.

    ``axes``: see ``ExpressionEvaluator``. ``relative_bases``: by the node of a quotient, see ``relative_base``.
    ``inside``: see ``ParameterChoice.inside``.
    """

    graph: Graph
    series: MarketSeries
    axes: Mapping[str, Sequence[Value]]
    relative_bases: dict[int, int | None] = field(default_factory=dict)
    inside: Bools | None = None
    kept: ResultCache = field(default_factory=lambda: ResultCache(_KEPT_BYTES))
    kept_stocks: ResultCache = field(default_factory=lambda: ResultCache(_KEPT_STOCK_BYTES))
