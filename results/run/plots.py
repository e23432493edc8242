"""The figures of a run for a notebook, as plotly figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gridproof.kernels.metrics import BY_NAME

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from gridproof.results.run.run import Run


@dataclass(frozen=True)
class RunPlots:
    """What ``Run.plot`` draws; a notebook shows what each method returns, a plotly figure.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [60, 120, 240], "fork.window": [10, 20]})
    >>> run = gp.run(few, backend="reference", verdict=False)
    >>> run.plot.surface("trend.window", "fork.window").data[0].type
    'heatmap'
    >>> [line.name for line in run.plot.nav().data if line.showlegend is not False][0]
    'hold nasdaq'
    """

    run: Run

    def nav(self) -> Figure:
        """NAV on a log axis and drawdown of base, best and the leg with the highest Sharpe ratio in sample."""
        from plotly.graph_objects import Figure

        from gridproof.results.performance.performance import benchmark_of
        from gridproof.results.report.curves import first_figure

        summary, curves = self.run.summary, self.run.curves.reset_index()
        same = bool(curves["base.nav"].equals(curves["best.nav"]))
        return Figure(first_figure(curves, benchmark_of(summary), summary["legs"], same))

    def distribution(self) -> Figure:
        """Histogram of the objective in sample over all choices, with base, best and the legs held."""
        from plotly.graph_objects import Figure

        from gridproof.results.report.histogram import histogram_figure
        from gridproof.results.report.report import histogram_marks

        summary = self.run.summary
        drawn = histogram_figure(summary["histogram"], histogram_marks(summary), BY_NAME[summary["objective"]])
        return Figure(drawn or {})

    def surface(self, x: str, y: str, how: str = "base") -> Figure:
        """A heat map of ``Run.surface``, x across and y up. Raises InputError as it does."""
        from plotly.graph_objects import Figure, Heatmap

        table = self.run.surface(x, y, how)
        metric = BY_NAME[how.removeprefix("base.") if how.startswith("base.") else self.run.summary["objective"]]
        cells = Heatmap(
            x=[str(value) for value in table.index],
            y=[str(value) for value in table.columns],
            z=table.to_numpy(dtype=float).T,
            colorscale="Viridis",
            colorbar={"title": {"text": metric.label}},
        )
        figure = Figure(cells)
        figure.update_layout(
            xaxis={"title": {"text": x}, "type": "category"}, yaxis={"title": {"text": y}, "type": "category"}
        )
        return figure
