"""The gates of the verdict: each compares one number with a fixed threshold. There is no overall score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridproof.results.run.statistics_record import GateRecord

NOT_COVERED = [
    "How the strategy was found: what its authors tried and did not publish is in no count here.",
    "Market impact and capacity: costs are a share of the trade at any size, and orders in small stocks may not fill.",
    "Errors and later revisions of the data, beyond the release dates that the study states.",
    "Dependence between days beyond the block length of the bootstrap, and the small number of switches.",
    "Whether the future resembles the sample: the days after publication are the only evidence, and they are few.",
]

_LEVEL = 0.05


def judge(statistics: Mapping[str, Any]) -> list[GateRecord]:
    """All gates, from statistics.json without its gates. A result is "pass", "fail" or "not computable"."""
    return [
        *_base(statistics),
        *_sweep(statistics),
        *_time(statistics),
        *_trading(statistics),
    ]


def _gate(
    group: str,
    name: str,
    value: Any,
    passed: bool | None,
    number: str,
    threshold: str,
    uncertainty: str,
    why: str,
    missing: str = "the value is undefined",
) -> GateRecord:
    """missing: the reason where there is no value."""
    known = value is not None and passed is not None
    return {
        "name": name,
        "group": group,
        "result": ("pass" if passed else "fail") if known else "not computable",
        "value": value if known else None,
        "number": number if known else "–",
        "threshold": threshold,
        "uncertainty": uncertainty if known else "",
        "why": why if known else f"{why} Not computable: {missing}.",
    }


def _base(statistics: Mapping[str, Any]) -> list[GateRecord]:
    base = statistics["who"]["base"]
    inside, after = base["in_sample"], base["after_publication"]
    psr, track, interval = inside["psr"], inside["min_track_record"], inside["interval"]
    shift = statistics["shift"]["base"]
    error = f"standard error of the Sharpe ratio {_text(inside['mertens_error'])}"
    kept = None if after is None or interval is None else after["sharpe"]
    return [
        _gate(
            "base",
            "Probabilistic Sharpe ratio of the base",
            psr,
            None if psr is None else psr >= 0.95,
            f"PSR {_text(psr, 3)}",
            "≥ 0.95",
            error,
            "Probability that the true Sharpe ratio is above zero in sample, for the base as a single strategy.",
            "its returns are constant",
        ),
        _gate(
            "base",
            "Minimum track record length of the base",
            inside["observations"],
            None if psr is None else track is not None and inside["observations"] >= track,
            f"{inside['observations']:,} days",
            f"≥ {'∞' if track is None else f'{track:,.0f}'} days",
            "",
            "Days that the PSR needs to reach 95% at this Sharpe ratio; the threshold for the days in sample.",
            "its returns are constant",
        ),
        _gate(
            "base",
            "Sharpe ratio interval of the base",
            interval,
            None if interval is None else interval[0] > 0,
            "" if interval is None else f"{_text(interval[0])} to {_text(interval[1])}",
            "lower end > 0",
            f"{statistics['method']['resamples']:,} resamples",
            "95% interval of its Sharpe ratio by stationary bootstrap.",
            "its returns are constant, or there are fewer than 60 days",
        ),
        _gate(
            "base",
            "Shifted positions of the base",
            shift["p_value"],
            None if shift["p_value"] is None else shift["p_value"] <= _LEVEL,
            f"p {_text(shift['p_value'], 3)}",
            "≤ 0.05",
            f"exact: all {shift['shifts']:,} shifts",
            "Share of all shifts of its positions in time with at least its Sharpe ratio: same exposure, other timing.",
            "its returns are constant",
        ),
        _gate(
            "base",
            "Sharpe ratio after publication",
            kept,
            None if kept is None else kept >= interval[0],
            f"Sharpe {_text(kept)}",
            "" if interval is None else f"≥ {_text(interval[0])}",
            "" if after is None else f"{after['observations']:,} days, standard error {_text(after['mertens_error'])}",
            "Sharpe ratio after publication, compared with the lower end of the interval in sample.",
            "the study names no publication date" if after is None else "its returns are constant",
        ),
    ]


def _sweep(statistics: Mapping[str, Any]) -> list[GateRecord]:
    marks = {mark["name"]: mark for mark in statistics["deflated"]["marks"]}
    distinct, implied = marks.get("distinct choices"), marks.get("implied by the bootstrap")
    deflated = None if distinct is None else distinct["best"]
    rows = statistics["luck"]["benchmarks"]
    worst = max(rows, key=lambda row: row["spa"]["consistent"]) if rows else None
    named = [row for row in rows if row["stepwise"]["base_rejected"] is not None]
    beaten = [row["name"] for row in named if row["stepwise"]["base_rejected"]]
    overfitting = next((row for row in statistics["overfitting"] if row["blocks"] == 16), None)
    placebo, haircut = statistics["luck"]["placebo"], statistics["haircut"]["best"]["p_bhy"]
    return [
        _gate(
            "sweep",
            "Deflated Sharpe ratio of the best",
            deflated,
            None if deflated is None else deflated >= 0.95,
            f"DSR {_text(deflated, 3)}",
            "≥ 0.95",
            ""
            if implied is None
            else f"{_text(implied['best'], 3)} with N = {implied['trials']:,.0f} as the bootstrap implies",
            "Probability that its true Sharpe ratio is above what chance gives the best of all distinct variants.",
            "all variants have the same Sharpe ratio",
        ),
        _gate(
            "sweep",
            "Superior predictive ability (SPA) of the best",
            None if worst is None else worst["spa"]["consistent"],
            None if worst is None else worst["spa"]["consistent"] <= _LEVEL,
            "" if worst is None else f"p {_text(worst['spa']['consistent'], 3)} against {worst['name']}",
            "≤ 0.05",
            ""
            if worst is None
            else f"± {_text(worst['spa']['monte_carlo_error'], 3)}, {statistics['method']['resamples']:,} resamples",
            "Whether it beats every benchmark by more than chance, over all variants; the largest p counts.",
        ),
        _gate(
            "sweep",
            "Stepwise test (StepM) of the base",
            None if not named else len(beaten),
            None if not named else len(beaten) == len(named),
            f"{len(beaten)} of {len(named)}",
            "all",
            "5% for one false rejection",
            "Benchmarks that the base beats in a stepwise test over all variants: "
            + (f"{', '.join(beaten)}." if beaten else "none." if named else "unknown."),
            "the base is not among the sampled variants",
        ),
        _gate(
            "sweep",
            "Probability of backtest overfitting (PBO)",
            None if overfitting is None else overfitting["mid_p"],
            None if overfitting is None else overfitting["mid_p"] <= _LEVEL,
            "" if overfitting is None else f"PBO {_text(overfitting['mid_p'], 3)}",
            "≤ 0.05",
            "without any edge 0.5 ± 0.13 to 0.27",
            "Share of splits in which the best variant of one half ranks below the median in the other half.",
            statistics["overfitting_why"] or "there are too few days for 16 blocks",
        ),
        _gate(
            "sweep",
            "Placebo sweeps on shifted signals",
            placebo["p_value"],
            placebo["p_value"] <= _LEVEL,
            f"p {_text(placebo['p_value'], 3)}",
            "≤ 0.05",
            f"± {_text(placebo['monte_carlo_error'], 3)}, {placebo['sweeps']} sweeps",
            "Share of the same sweeps on signals shifted in time whose best is at least as good.",
        ),
        _gate(
            "sweep",
            "Multiple-testing haircut of the best",
            haircut,
            None if haircut is None else haircut <= _LEVEL,
            f"p {_text(haircut, 3)}",
            "≤ 0.05",
            f"{statistics['haircut']['tests']:,} tests",
            "p-value of its Sharpe ratio, adjusted for all variants (Benjamini–Hochberg–Yekutieli).",
            "no variant has a defined Sharpe ratio",
        ),
        *_plateau(statistics),
    ]


def _plateau(statistics: Mapping[str, Any]) -> list[GateRecord]:
    found = statistics["plateau"]
    score = None if found is None else found["base"]["score"]
    edges = [] if found is None else found["base"]["edges"]
    why = "Median of its neighbours one and two steps away, divided by its own value."
    missing = "its own Sharpe ratio is not above zero, or it has no neighbours"
    if found is None:
        missing = (statistics["plateau_why"] or missing).removeprefix("not computable: ")
    if edges:
        why += f" It is at the edge of {', '.join(edges)}: values beyond were not evaluated."
    return [
        _gate(
            "sweep",
            "Plateau score of the base",
            score,
            None if score is None else score >= 0.8,
            _text(score),
            "≥ 0.80",
            "" if found is None else f"{found['base']['neighbours']} neighbours",
            why,
            missing,
        ),
    ]


def _time(statistics: Mapping[str, Any]) -> list[GateRecord]:
    walk, paths = statistics["walk_forward"], statistics["combinatorial"]
    years = statistics["subperiods"]["base"]
    t_statistic = None if walk is None else walk["t_statistic"]
    sharpes = [] if paths is None else [value for value in paths["sharpe"] if value is not None]
    worst = min(sharpes) if sharpes else None
    return [
        _gate(
            "time",
            "Sharpe ratio by calendar year",
            years["p_value"],
            None if years["p_value"] is None else years["p_value"] > _LEVEL,
            f"p {_text(years['p_value'], 3)}",
            "> 0.05",
            f"{len(years['years'])} years, {years['positions']} positions",
            "χ² test of whether the base's Sharpe ratio differs between years by more than chance.",
            "fewer than two years have varying returns",
        ),
        _gate(
            "time",
            "Walk-forward t-statistic",
            t_statistic,
            None if t_statistic is None else t_statistic >= 1.645,
            f"t {_text(t_statistic)}",
            "≥ 1.645",
            "" if walk is None else f"{len(walk['folds'])} windows, {walk['days']:,} days",
            "The best variant of five years is held in the next year, all years joined; days count as independent.",
            statistics["overfitting_why"]
            if walk is None and statistics["overfitting_why"]
            else "fewer than seven years",
        ),
        _gate(
            "time",
            "Lowest Sharpe ratio of the cross-validation paths",
            worst,
            None if worst is None else worst > 0.0,
            "" if worst is None else f"Sharpe {_text(worst)} to {_text(max(sharpes))}",
            "> 0",
            "" if paths is None else f"{paths['paths']} paths of {paths['splits']} splits",
            "Combinatorial purged cross-validation: the best variant in training, held on days outside it.",
            statistics["overfitting_why"] or "there are fewer than 120 days, or every path is constant",
        ),
    ]


def _trading(statistics: Mapping[str, Any]) -> list[GateRecord]:
    stress = statistics["stress"]["base"]
    own = next((row["sharpe"] for row in stress["lag"] if row["base"]), None)
    later = next((row for row, before in zip(stress["lag"][1:], stress["lag"], strict=False) if before["base"]), None)
    slow = None if later is None or own is None or own <= 0 else later["sharpe"]
    cost = next((row["value"] for row in stress["cost"] if row["base"]), None)
    even = next((row["cost"] for row in stress["break_even_cost"] if row["against"] == "zero"), None)
    enough = None if cost is None else 3.0 * max(cost, 0.001)
    return [
        _gate(
            "trading",
            "Sharpe ratio with one more day of lag",
            slow,
            None if slow is None or own is None else slow >= 0.8 * own,
            f"Sharpe {_text(slow)}",
            f"≥ {_text(None if own is None else 0.8 * own)}",
            "",
            "Sharpe ratio with execution one day later; at least four fifths of its own.",
            "its own Sharpe ratio is not above zero, or there is no earlier day in the data",
        ),
        _gate(
            "trading",
            "Break-even cost of the base",
            even,
            None if even is None or enough is None else even >= enough,
            "" if even is None else f"{100 * even:.2f}% a side",
            "" if enough is None else f"≥ {100 * enough:.2f}%",
            "",
            "One-way cost at which its return is zero; at least three times its own cost and three times 0.1%.",
            "it never trades",
        ),
    ]


def _text(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")
