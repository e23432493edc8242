"""The gates of the verdict: each a question with a number, its threshold and its uncertainty. No score joins them."""

from __future__ import annotations

from typing import Any

from gridproof.results.run.record import Record

NOT_COVERED = [
    "How the strategy was found: what its authors tried and did not publish is in no count here.",
    "Market impact and capacity: costs are a share of the trade, whatever its size; small stocks may not fill.",
    "Errors and later revisions in the data, beyond the release dates that the study states.",
    "Days depend on each other in ways that a block bootstrap does not draw; few switches remain few.",
    "Whether the future resembles the sample. After publication is the only look at it, and it is short.",
]

_LEVEL = 0.05


def judge(statistics: Record) -> list[Record]:
    """statistics: as in statistics.json, without its gates. Result: pass, fail or not computable, and why."""
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
    missing: str = "it is not defined here",
) -> Record:
    """missing: what lacks where there is no value."""
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


def _base(statistics: Record) -> list[Record]:
    base = statistics["who"]["base"]
    inside, after = base["in_sample"], base["after_publication"]
    psr, track, interval = inside["psr"], inside["min_track_record"], inside["interval"]
    shift = statistics["shift"]["base"]
    error = f"standard error of the Sharpe ratio {_text(inside['mertens_error'])}"
    kept = None if after is None or interval is None else after["sharpe"]
    return [
        _gate(
            "base",
            "The base's Sharpe ratio is above zero",
            psr,
            None if psr is None else psr >= 0.95,
            f"PSR {_text(psr, 3)}",
            "≥ 0.95",
            error,
            "Probability that its true Sharpe ratio in sample is positive, taken alone.",
            "its returns do not vary",
        ),
        _gate(
            "base",
            "The sample is long enough",
            inside["observations"],
            None if psr is None else track is not None and inside["observations"] >= track,
            f"{inside['observations']:,} days",
            f"≥ {'∞' if track is None else f'{track:,.0f}'} days",
            "",
            "Minimum track record length for a Sharpe ratio above zero at 95 %.",
            "its returns do not vary",
        ),
        _gate(
            "base",
            "Its interval excludes zero",
            interval,
            None if interval is None else interval[0] > 0,
            "" if interval is None else f"{_text(interval[0])} to {_text(interval[1])}",
            "lower end > 0",
            f"{statistics['method']['resamples']:,} resamples",
            "95 % interval of its Sharpe ratio, stationary bootstrap.",
            "its returns do not vary, or there are fewer than 60 days",
        ),
        _gate(
            "base",
            "Its timing matters",
            shift["p_value"],
            None if shift["p_value"] is None else shift["p_value"] <= _LEVEL,
            f"p {_text(shift['p_value'], 3)}",
            "≤ 0.05",
            f"exact: all {shift['shifts']:,} shifts",
            "Share of shifts of its positions in time that do as well: exposure stays, timing goes.",
            "its returns do not vary",
        ),
        _gate(
            "base",
            "It held up after publication",
            kept,
            None if kept is None else kept >= interval[0],
            f"Sharpe {_text(kept)}",
            "" if interval is None else f"≥ {_text(interval[0])}",
            "" if after is None else f"{after['observations']:,} days, standard error {_text(after['mertens_error'])}",
            "Sharpe ratio since publication against the lower end of the interval before.",
            "the study names no date of publication" if after is None else "its returns do not vary",
        ),
    ]


def _sweep(statistics: Record) -> list[Record]:
    marks = {mark["name"]: mark for mark in statistics["deflated"]["marks"]}
    distinct, implied = marks.get("distinct"), marks.get("implied by the bootstrap")
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
            "The best survives the number of trials",
            deflated,
            None if deflated is None else deflated >= 0.95,
            f"DSR {_text(deflated, 3)}",
            "≥ 0.95",
            ""
            if implied is None
            else f"{_text(implied['best'], 3)} with N = {implied['trials']:,.0f} as the bootstrap implies",
            "Deflated Sharpe ratio of the best, with every variant that differs as one trial.",
            "the Sharpe ratios of the variants do not vary",
        ),
        _gate(
            "sweep",
            "The best beats every benchmark",
            None if worst is None else worst["spa"]["consistent"],
            None if worst is None else worst["spa"]["consistent"] <= _LEVEL,
            "" if worst is None else f"p {_text(worst['spa']['consistent'], 3)} against {worst['name']}",
            "≤ 0.05",
            ""
            if worst is None
            else f"± {_text(worst['spa']['monte_carlo_error'], 3)}, {statistics['method']['resamples']:,} resamples",
            "Test of superior predictive ability over all variants, the least favourable benchmark.",
        ),
        _gate(
            "sweep",
            "The base itself beats every benchmark",
            None if not named else len(beaten),
            None if not named else len(beaten) == len(named),
            f"{len(beaten)} of {len(named)}",
            "all",
            "5 % for one false one",
            "Stepwise multiple test over all variants: "
            + (f"it beats {', '.join(beaten)}." if beaten else "it beats none." if named else "it was not drawn."),
            "the base is not among the variants drawn",
        ),
        _gate(
            "sweep",
            "Choosing the best is not overfitting",
            None if overfitting is None else overfitting["mid_p"],
            None if overfitting is None else overfitting["mid_p"] <= _LEVEL,
            "" if overfitting is None else f"PBO {_text(overfitting['mid_p'], 3)}",
            "≤ 0.05",
            "under pure noise 0.5 ± 0.13 to 0.27",
            "How often the best on half of the blocks is below the median on the other half.",
            statistics["overfitting_why"] or "there are too few days for 16 blocks",
        ),
        _gate(
            "sweep",
            "Shifted signals do not do as well",
            placebo["p_value"],
            placebo["p_value"] <= _LEVEL,
            f"p {_text(placebo['p_value'], 3)}",
            "≤ 0.05",
            f"± {_text(placebo['monte_carlo_error'], 3)}, {placebo['sweeps']} sweeps",
            "How often the best of the same sweep on signals shifted in time is as good.",
        ),
        _gate(
            "sweep",
            "The best survives a haircut",
            haircut,
            None if haircut is None else haircut <= _LEVEL,
            f"p {_text(haircut, 3)}",
            "≤ 0.05",
            f"{statistics['haircut']['tests']:,} tests",
            "Benjamini–Hochberg–Yekutieli over the sweep's own p-values.",
            "no variant has a Sharpe ratio",
        ),
        *_plateau(statistics),
    ]


def _plateau(statistics: Record) -> list[Record]:
    found = statistics["plateau"]
    score = None if found is None else found["base"]["score"]
    edges = [] if found is None else found["base"]["edges"]
    why = "Median of its neighbours one and two steps away over its own Sharpe ratio."
    missing = "its own Sharpe ratio is not above zero, or it has no neighbours"
    if found is None:
        missing = (statistics["plateau_why"] or missing).removeprefix("not computable: ")
    if edges:
        why += f" It stands on the edge of {', '.join(edges)}: what lies beyond is not known."
    return [
        _gate(
            "sweep",
            "The base stands on a plateau",
            score,
            None if score is None else score >= 0.8,
            _text(score),
            "≥ 0.80",
            "" if found is None else f"{found['base']['neighbours']} neighbours",
            why,
            missing,
        ),
    ]


def _time(statistics: Record) -> list[Record]:
    walk, paths = statistics["walk_forward"], statistics["combinatorial"]
    years = statistics["subperiods"]["base"]
    t_statistic = None if walk is None else walk["t_statistic"]
    sharpes = [] if paths is None else [value for value in paths["sharpe"] if value is not None]
    worst = min(sharpes) if sharpes else None
    return [
        _gate(
            "time",
            "Its years do not differ more than chance",
            years["p_value"],
            None if years["p_value"] is None else years["p_value"] > _LEVEL,
            f"p {_text(years['p_value'], 3)}",
            "> 0.05",
            f"{len(years['years'])} years, {years['positions']} positions",
            "χ² of the base's Sharpe ratio by calendar year.",
            "fewer than two years vary",
        ),
        _gate(
            "time",
            "Chosen ahead it still earns",
            t_statistic,
            None if t_statistic is None else t_statistic >= 1.645,
            f"t {_text(t_statistic)}",
            "≥ 1.645",
            "" if walk is None else f"{len(walk['folds'])} windows, {walk['days']:,} days",
            "Walk-forward: the best of five years held for the next, stitched; days taken as independent.",
            statistics["overfitting_why"]
            if walk is None and statistics["overfitting_why"]
            else "less than seven years",
        ),
        _gate(
            "time",
            "Every path of cross-validation earns",
            worst,
            None if worst is None else worst > 0.0,
            "" if worst is None else f"Sharpe {_text(worst)} to {_text(max(sharpes))}",
            "> 0",
            "" if paths is None else f"{paths['paths']} paths of {paths['splits']} splits",
            "Combinatorial purged cross-validation: the best in training, on every day out of it.",
            statistics["overfitting_why"] or "there are fewer than 120 days, or no path varies",
        ),
    ]


def _trading(statistics: Record) -> list[Record]:
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
            "A day later it still works",
            slow,
            None if slow is None or own is None else slow >= 0.8 * own,
            f"Sharpe {_text(slow)}",
            f"≥ {_text(None if own is None else 0.8 * own)}",
            "",
            "Its Sharpe ratio with execution one day later, against four fifths of its own.",
            "its own Sharpe ratio is not above zero, or the window has no room for a day more",
        ),
        _gate(
            "trading",
            "It bears three times its cost",
            even,
            None if even is None or enough is None else even >= enough,
            "" if even is None else f"{100 * even:.2f} % a side",
            "" if enough is None else f"≥ {100 * enough:.2f} %",
            "",
            "Cost a side at which it earns nothing; at least three times its own, and three times 0.1 %.",
            "it never trades",
        ),
    ]


def _text(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")
