"""The one page of a finished run: what was tried, how the base stands in it, and what that does not say."""

from __future__ import annotations

import itertools
import json
import math
import os
import pathlib
from typing import Any

import jinja2
import markupsafe
import pandas as pd
from plotly.offline.offline import get_plotlyjs

from gridproof.results import figures

Summary = dict[str, Any]

# metric -> (label, how it is written); the order is the order of the tables
METRICS = {
    "sharpe": ("Sharpe", "ratio"),
    "cagr": ("CAGR", "percent"),
    "total_return": ("Total return", "percent"),
    "volatility": ("Volatility", "percent"),
    "max_drawdown": ("Max drawdown", "percent"),
    "calmar": ("Calmar", "ratio"),
    "sortino": ("Sortino", "ratio"),
    "skewness": ("Skewness", "ratio"),
    "kurtosis": ("Kurtosis (raw)", "ratio"),
    "switches": ("Switches", "count"),
    "turnover": ("Turnover a year", "ratio"),
    "exposure": ("Exposure", "percent"),
}
TOP_ROWS = 20
TOP_METRICS = ("sharpe", "cagr", "max_drawdown", "calmar", "switches", "exposure")
TOP_AFTER = ("sharpe", "cagr", "max_drawdown")
FIGURE_CONFIG = {"displayModeBar": False, "responsive": True}


def write_report(folder: pathlib.Path) -> pathlib.Path:
    """Write ``report.html`` into a finished run's folder and return its path.

    Reads summary.json, curves.parquet, top.parquet and surfaces.parquet (which may be absent where fewer than
    two axes have more than one value). The page needs no network, and the same folder gives the same bytes.
    Undefined numbers (null or NaN) are shown as a dash.
    """
    summary: Summary = json.loads(_required(folder, "summary.json").read_text(encoding="utf-8"))
    curves = pd.read_parquet(_required(folder, "curves.parquet"))
    top = pd.read_parquet(_required(folder, "top.parquet"))
    varied = [axis["name"] for axis in summary["axes"] if len(axis["values"]) > 1]
    surfaces = None
    if len(varied) > 1:
        columns = ["x_axis", "y_axis", "x_index", "y_index", "base", "mean"]
        surfaces = pd.read_parquet(_required(folder, "surfaces.parquet"), columns=columns)
    page = _template().render(
        summary=summary,
        label=_label(summary),
        headline=headline(summary),
        facts=_facts(summary),
        axes=_axis_rows(summary),
        comparison=_comparison(summary),
        top=_top(summary, top.head(TOP_ROWS), varied),
        top_all=len(top),
        figures=_figures(summary, curves, surfaces),
        plotly=markupsafe.Markup(get_plotlyjs()),  # type: ignore[no-untyped-call]
        config=_script(FIGURE_CONFIG),
    )
    target = folder / "report.html"
    beside = folder / f"report.html.{os.getpid()}.part"
    beside.write_text(page, encoding="utf-8", newline="\n")
    os.replace(beside, target)
    return target


def number(value: float | None, kind: str) -> str:
    """A metric as text: 0.381 is "38.1 %" as percent, "0.38" as ratio; a dash where undefined.

    A ratio that needs more than four digits before the point divides by next to nothing and is only bounded.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if kind == "percent":
        return f"{100 * value:z,.1f}\u00a0%".replace("-", "−")
    if kind == "ratio" and abs(value) >= 10_000:
        return "> " * (value > 0) + "< −" * (value < 0) + "9,999"
    return f"{value:z,.{0 if kind == 'count' else 2}f}".replace("-", "−")


def share(percentile: float) -> str:
    """A percentile with as many decimals as keep it from reading 0 or 100 when it is neither."""
    digits = next((d for d in range(1, 8) if 0 < float(f"{percentile:.{d}f}") < 100), 1)
    return f"{percentile:.{digits}f}\u00a0%"


def plain(value: Any) -> str:
    """An axis value as text: 0.3 for 0.30, 5 for 5.0, else as it is."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def headline(summary: Summary) -> list[str]:
    """Three sentences at most: the base in sample, the base afterwards, the best of all variants."""
    base, best, window = summary["base"], summary["best"], summary["window"]
    of = f"{summary['variants']:,} variants"
    if summary["sample"] is not None:
        of = f"{summary['evaluated']:,} variants sampled from {summary['variants']:,}"
    of += f" ({summary['distinct']:,} distinct)"
    first = f"The published cell: {_said(summary, base['in_sample'])}"
    if summary["evaluated"] == 1:
        first += " in sample; it is the only variant tried"
    elif base["percentile"] is None:
        first += f" in sample; it has no place among {of}"
    else:
        first += f", better than {share(base['percentile'])} of {of} in sample"
    sentences = [first + "."]
    if base["after_publication"] is not None:
        after = f"After publication (from {window['published']}): {_said(summary, base['after_publication'])}"
        if base["percentile_after_publication"] is not None and summary["evaluated"] > 1:
            after += f", better than {share(base['percentile_after_publication'])} of them"
        sentences.append(after + ".")
    elif window["published"] is None:
        sentences.append("The study names no publication date: everything here is in sample.")
    else:
        sentences.append(f"No day of the window lies after publication ({window['published']}).")
    if summary["evaluated"] > 1:
        if _unbeaten(summary):
            return [*sentences, "No variant beats it in sample."]
        last = f"The best variant in sample: {_said(summary, best['in_sample'])}"
        if best["after_publication"] is not None:
            last += f"; after publication {_said(summary, best['after_publication'])}"
        sentences.append(last + ".")
    return sentences


def _unbeaten(summary: Summary) -> bool:
    base, best, objective = summary["base"], summary["best"], summary["objective"]
    return bool(
        base["index"] == best["index"] or base["in_sample"][objective] == best["in_sample"][objective]
    )


def _said(summary: Summary, metrics: dict[str, Any]) -> str:
    names = list(dict.fromkeys([summary["objective"], "sharpe", "cagr"]))
    return ", ".join(f"{METRICS[name][0]} {number(metrics.get(name), METRICS[name][1])}" for name in names)


def _facts(summary: Summary) -> list[tuple[str, str]]:
    window = summary["window"]
    tried = f"{summary['variants']:,}, all evaluated"
    if summary["sample"] is not None:
        tried = f"{summary['variants']:,}, of which a sample of {summary['evaluated']:,} was evaluated"
    days = f"{window['from']} to {window['to']}: {window['days_in_sample']:,} days in sample"
    if window["published"] is not None:
        days += f", {window['days_after_publication']:,} after publication ({window['published']})"
    execution = summary.get("execution") or {}
    return [
        ("Variants", tried),
        (
            "Distinct",
            f"{summary['distinct']:,} trade differently; the others repeat one of these day for day",
        ),
        ("Window", days),
        ("Legs", ", ".join(summary["legs"])),
        *((name.capitalize(), plain(value)) for name, value in execution.items()),
        ("Ranked by", f"{_label(summary)}, in sample; {summary['periods_per_year']} days a year"),
        ("Computed by", f"backend {summary['backend']}, code {summary['code']}"),
        ("Data", summary["data_hash"]),
    ]


def _axis_rows(summary: Summary) -> list[dict[str, str]]:
    """Per axis: how many values, their range in words, base and best."""
    rows = []
    for axis in summary["axes"]:
        values = axis["values"]
        texts = [plain(value) for value in values]
        words = ", ".join(texts) if len(texts) <= 6 else f"{texts[0]} to {texts[-1]}"
        if len(texts) > 6 and all(isinstance(value, int | float) for value in values):
            steps = {plain(round(after - before, 9) + 0.0) for before, after in itertools.pairwise(values)}
            words += f", step {steps.pop()}" if len(steps) == 1 else ", uneven steps"
        best = plain(summary["best"]["parameters"][axis["name"]])
        base = plain(axis["base"])
        rows.append(
            {"name": axis["name"], "count": f"{len(values):,}", "range": words, "base": base, "best": best}
        )
    return rows


def _comparison(summary: Summary) -> dict[str, Any]:
    """Metrics down, the same holdings across, once in sample and once after publication."""
    who = {"Base": summary["base"], "Best": summary["best"]}
    who |= {f"Hold {leg}": held for leg, held in summary["hold"].items()}
    groups = [("In sample", "in_sample", "percentile")]
    if summary["base"]["after_publication"] is not None:
        groups.append(("After publication", "after_publication", "percentile_after_publication"))
    parts: list[list[dict[str, Any]]] = [[one.get(key) or {} for one in who.values()] for _, key, _ in groups]
    rows = []
    for name, (label, kind) in METRICS.items():
        rows.append((label, [[number(metrics.get(name), kind) for metrics in part] for part in parts]))
    for leg in summary["legs"]:
        weights = [[(metrics.get("exposure_by_leg") or {}).get(leg) for metrics in part] for part in parts]
        rows.append(
            (f"Weight in {leg}", [[number(weight, "percent") for weight in part] for part in weights])
        )
    places = [[one.get(key) for one in who.values()] for _, _, key in groups]
    rows.insert(1, ("Better than", [["" if p is None else share(p) for p in part] for part in places]))
    return {"who": list(who), "groups": [title for title, _, _ in groups], "rows": rows}


def _top(summary: Summary, top: pd.DataFrame, varied: list[str]) -> dict[str, Any]:
    """Rows of the top table as text; parameters carry whether they equal the base's."""
    base = {name: plain(value) for name, value in summary["base"]["parameters"].items()}
    inside = [name for name in TOP_METRICS if name in top]
    after = [f"after.{name}" for name in TOP_AFTER if f"after.{name}" in top]
    rows = []
    for row in top.to_dict("records"):
        numbers = [number(row[name], METRICS[name.removeprefix("after.")][1]) for name in (*inside, *after)]
        parameters = [(plain(row[name]), plain(row[name]) == base[name]) for name in varied]
        is_base = int(row["index"]) == summary["base"]["index"]
        equal = f"{int(row['equal']):,}"
        rows.append((int(row["rank"]), equal, parameters, numbers, is_base))
    labels = [METRICS[name.removeprefix("after.")][0] for name in (*inside, *after)]
    return {"varied": varied, "labels": labels, "inside": len(inside), "after": len(after), "rows": rows}


def _figures(summary: Summary, curves: pd.DataFrame, surfaces: pd.DataFrame | None) -> dict[str, Any]:
    """Each figure as a script-safe JSON text, None where there is nothing to draw."""
    label, (_, kind) = _label(summary), METRICS[summary["objective"]]
    form = ".1%" if kind == "percent" else ".2f"
    legs, published = summary["legs"], summary["window"]["published"]
    alike = bool(curves["base.nav"].equals(curves["best.nav"]))
    marks = []
    for name, colour in (("base", figures.INK), ("best", figures.BEST)):
        value = summary[name]["in_sample"].get(summary["objective"])
        marks.append((f"{name} {number(value, kind)}", value, colour))
    if _unbeaten(summary):
        marks = [(marks[0][0].replace("base", "base = best"), *marks[0][1:])]
    drawn: dict[str, Any] = {
        "curves": _script(figures.curves_figure(curves, legs, published, alike)),
        "after": _script(figures.after_figure(curves, legs, alike)),
        "histogram": _script(figures.histogram_figure(summary["histogram"], marks, label, form)),
        "maps": [],
    }
    if surfaces is None or surfaces.empty:
        return drawn
    axes = {axis["name"]: [plain(value) for value in axis["values"]] for axis in summary["axes"]}
    blocks = figures.informative_pairs(surfaces)
    span = figures.colour_range(blocks)
    base, best = ({k: plain(v) for k, v in summary[who]["parameters"].items()} for who in ("base", "best"))
    for block in blocks:
        pair = [str(block["x_axis"].iloc[0]), str(block["y_axis"].iloc[0])]
        others = [axis for axis in axes if axis not in pair and best[axis] != base[axis]]
        outlines = [(base, "rect", "solid"), (best, "circle", "dot" if others else "solid")]
        drawing, merged = figures.surface_figure(block, axes, outlines, span, label, form)
        drawn["maps"].append({"pair": pair, "figure": _script(drawing), "others": others, "merged": merged})
    drawn["pairs"] = len(surfaces[["x_axis", "y_axis"]].drop_duplicates())
    return drawn


def _label(summary: Summary) -> str:
    return METRICS[summary["objective"]][0]


def _script(value: Any) -> markupsafe.Markup | None:
    """JSON that may stand inside a script element."""
    if value is None:
        return None
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return markupsafe.Markup(
        text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


def _template() -> jinja2.Template:
    here = jinja2.FileSystemLoader(pathlib.Path(__file__).parent)
    environment = jinja2.Environment(
        loader=here, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")


def _required(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} is not a finished run: it has no {name}; run the study again, finished tiles are kept"
        )
    return path
