"""Writes factors.html: the tear sheet of a finished factor study. It sums the recorded series by month and
year, and needs no network."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import numpy as np
import pandas as pd

from gridproof.kernels.metrics import Unit
from gridproof.results.report.colours import DARK
from gridproof.results.report.colours import PAGE as COLOURS
from gridproof.results.report.factors.months import month_rows
from gridproof.results.report.factors.svg import Line, bar_figure, line_figure, step_figure
from gridproof.results.report.factors.wording import conclusion, facts, survival
from gridproof.results.report.figures import BEST, INK, LEG_COLOURS, SOFT
from gridproof.results.report.number_format import UNDEFINED, format_probability, format_value, minus
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.run.factor_run import IC, LONG_SHORT, PAGE, QUANTILES, RECORD, STYLES
from gridproof.results.template import load_template
from gridproof.results.texts.markup import keep_dates_whole, translate_page
from gridproof.results.texts.translation import Language, chinese_factors

# Rows of the table of variants, and factors with figures.
_ROWS, _DETAILS = 60, 10
_MONTH = 20  # days over which coverage and rank autocorrelation are averaged for their figure


def write_factor_page(folder: Path, language: Language = "en") -> Path:
    """Write ``factors.html`` into the folder of a factor study, from factors.json and the tables. Returns its path.

    language: of all texts but those of the study.
    """
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    variants = record["variants"]
    ranked = sorted(variants, key=lambda one: -(one["net"]["sharpe"] if one["net"]["sharpe"] is not None else -1e9))
    shown = list({one["factor"]: one for one in reversed(ranked)}.values())[::-1][:_DETAILS]
    page = _template().render(
        record=record,
        colours=COLOURS,
        dark_colours=DARK,
        conclusion=conclusion(record),
        facts=facts(record),
        rows=[_row(one, record) for one in ranked[:_ROWS]],
        horizons=[one["days"] for one in variants[0]["horizons"]] if variants else [],
        overview=_overview(folder, shown, record) if variants else None,
        details=[_detail(folder, one, record) for one in shown],
        styles=_styles(folder, record),
        names=["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year"],
    )
    page = keep_dates_whole(translate_page(page, language, chinese_factors()))
    target = folder / PAGE
    with atomic_write(target) as part:
        part.write_text(page, encoding="utf-8", newline="\n")
    return target


def _row(one: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    first = one["horizons"][0]
    superior = one.get("superior")
    measured = first["ic_mean"] is not None  # else the portfolios never held a stock

    def earned(value: float | None, unit: Unit = "percent") -> str:
        return format_value(value, unit) if measured else UNDEFINED

    return {
        "variant": one["variant"],
        "label": one["label"],
        "best": record["verdict"].get("best") == one["variant"],
        "ic": [_decimal(horizon["ic_mean"], 3) for horizon in one["horizons"]],
        "icir": _decimal(first["icir"], 2),
        "t": _decimal(first["t"], 1),
        "positive": format_value(first["positive"], "percent"),
        "gross": earned(one["gross"]["cagr"]),
        "net": earned(one["net"]["cagr"]),
        "sharpe": format_value(one["net"]["sharpe"], "ratio"),
        "drawdown": earned(one["net"]["max_drawdown"]),
        "turnover": earned(one["turnover"], "ratio"),
        "autocorrelation": _decimal(one["rank_autocorrelation"], 3),
        "coverage": format_value(one["coverage"], "percent"),
        "stepm": "–" if superior is None else "kept" if superior else "not kept",
        "stepm_class": "pass" if superior else "",
        "deflated": format_probability(one.get("deflated_sharpe")),
    }


def _overview(folder: Path, shown: list[dict[str, Any]], record: dict[str, Any]) -> dict[str, Any]:
    """The best variant of each factor beside the others."""
    table = _own(folder, LONG_SHORT, [one["variant"] for one in shown])
    dates, navs, decays = [], [], []
    for place, one in enumerate(shown):
        own = table[table["variant"] == one["variant"]]
        dates = _days(own)
        colour = _colour(place)
        nav = np.cumprod(1.0 + own["net"].to_numpy())
        navs.append(Line(one["label"], np.where(nav > 0.0, nav, np.nan), colour, 2.0 if place == 0 else 1.3))
        means = [np.nan if horizon["ic_mean"] is None else horizon["ic_mean"] for horizon in one["horizons"]]
        decays.append(Line(one["label"], np.array(means), colour, 2.0 if place == 0 else 1.3))
    labels = [f"{horizon['days']} d" for horizon in shown[0]["horizons"]]
    return {
        "navs": _mark(
            line_figure(dates, navs, "Long–short NAV after costs of the best variant of each factor", log=True)
        ),
        "decay": _mark(step_figure(labels, decays, "Mean rank IC by horizon")),
    }


def _detail(folder: Path, one: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    number, quantiles = one["variant"], record["settings"]["quantiles"]
    ic = _own(folder, IC, [number])
    returns, pair = _own(folder, QUANTILES, [number]), _own(folder, LONG_SHORT, [number])
    first = one["horizons"][0]["days"]
    series = ic[f"ic_{first}"].to_numpy()
    dates, days = _days(ic), _days(returns)
    running = np.where(np.isnan(series), np.nan, np.nancumsum(series))
    columns = [f"q{place + 1}" for place in range(quantiles)]
    navs = {name: np.cumprod(1.0 + np.nan_to_num(returns[name].to_numpy(), nan=0.0)) for name in columns}
    net = pair["net"].to_numpy(dtype=np.float64)
    years = pair["date"].to_numpy(dtype="datetime64[Y]").astype(str)
    yearly = {str(year): format_value(float(np.prod(1.0 + net[years == year])) - 1.0, "percent") for year in set(years)}
    return {
        "label": one["label"],
        "formula": record["formulas"][one["factor"]],
        "survival": survival(one, record["verdict"]) if record["verdict"].get("best") is not None else "",
        "horizon": first,
        "months": [
            (year, cells, yearly.get(year, UNDEFINED))
            for year, cells in month_rows(ic["date"].to_numpy(dtype="datetime64[D]"), series)
        ],
        "running": _mark(line_figure(dates, [Line("", running, INK)], f"Running sum of the {first}-day rank IC")),
        "bars": _mark(
            bar_figure(
                [name.upper() for name in columns], one["quantiles"], "Return a year by quantile before costs", True
            )
        ),
        "navs": _mark(
            line_figure(
                days,
                [
                    Line(
                        _quantile_name(place, quantiles),
                        navs[name],
                        _shade(place, quantiles),
                        _end_width(place, quantiles),
                    )
                    for place, name in enumerate(columns)
                ],
                "NAV of each quantile before costs",
                log=True,
            )
        ),
        "long_short": _mark(
            line_figure(
                days,
                [
                    Line("before costs", np.cumprod(1.0 + pair["gross"].to_numpy()), SOFT, 1.2, "4 3"),
                    Line("after costs", np.cumprod(1.0 + pair["net"].to_numpy()), INK, 1.6),
                ],
                "Long–short NAV",
                log=True,
            )
        ),
        "traded": _mark(
            line_figure(
                days,
                [Line("", _smooth(pair["traded"].to_numpy()), INK)],
                "Traded value of both sides a day",
                True,
                include=(0.0,),
            )
        ),
        "autocorrelation": _mark(
            line_figure(dates, [Line("", _smooth(ic["rank_autocorrelation"].to_numpy()), INK)], "Rank autocorrelation")
        ),
        "coverage": _mark(
            line_figure(
                dates,
                [Line("", _smooth(ic["coverage"].to_numpy()), INK)],
                "Coverage of the universe",
                True,
                include=(0.0, 1.0),
            )
        ),
    }


def _styles(folder: Path, record: dict[str, Any]) -> dict[str, Any] | None:
    styles = record["styles"]
    if styles is None:
        return None
    table = pd.read_parquet(folder / STYLES)
    lines = [
        Line(one["style"], np.cumprod(1.0 + np.nan_to_num(table[one["style"]].to_numpy(), nan=0.0)), _colour(place))
        for place, one in enumerate(styles["rows"])
    ]
    rows = [
        {
            "style": one["style"],
            "mean": format_value(one["mean"], "percent"),
            "volatility": format_value(one["volatility"], "percent"),
            "sharpe": format_value(one["sharpe"], "ratio"),
            "t": _decimal(one["t"], 1),
            "positive": format_value(one["positive"], "percent"),
        }
        for one in styles["rows"]
    ]
    return {
        "rows": rows,
        "r_squared": format_value(styles["r_squared"], "percent"),
        "stocks": f"{table['stocks'].mean():,.0f}",
        "figure": _mark(line_figure(_days(table), lines, "NAV of each style", log=True)),
    }


def _own(folder: Path, name: str, variants: list[int]) -> pd.DataFrame:
    """The rows of some variants, without reading the others into memory."""
    return pd.read_parquet(folder / name, filters=[("variant", "in", variants)])


def _days(table: pd.DataFrame) -> list[str]:
    days: list[str] = table["date"].to_numpy(dtype="datetime64[D]").astype(str).tolist()
    return days


def _smooth(values: Any) -> Any:
    """The mean of the last month of days."""
    return pd.Series(values).rolling(_MONTH, min_periods=1).mean().to_numpy()


def _decimal(value: float | None, digits: int) -> str:
    return UNDEFINED if value is None else minus(f"{value:z.{digits}f}")


def _colour(place: int) -> str:
    return (INK, BEST, *LEG_COLOURS)[place % (2 + len(LEG_COLOURS))]


def _shade(place: int, quantiles: int) -> str:
    """From red, the lowest quantile, over grey to green, the highest."""
    share = place / max(quantiles - 1, 1)
    low, middle, high = (179, 57, 47), (190, 190, 184), (44, 110, 64)
    start, end, part = (low, middle, 2 * share) if share < 0.5 else (middle, high, 2 * share - 1)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(start, end, strict=True))


def _end_width(place: int, quantiles: int) -> float:
    return 2.0 if place in (0, quantiles - 1) else 1.0


def _quantile_name(place: int, quantiles: int) -> str:
    return f"Q{place + 1}{' (lowest)' if place == 0 else ' (highest)' if place == quantiles - 1 else ''}"


def _mark(text: str) -> markupsafe.Markup:
    """SVG of ``svg``, which escapes every text in it."""
    return markupsafe.Markup(text)


@cache
def _template() -> jinja2.Template:
    return load_template(Path(__file__).with_name("factors.html.j2"))
