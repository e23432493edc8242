"""The conclusion: four questions, each with one deciding test, its answer and one sentence; and one for all.

Timing, Worth and Since are asked of the base, Search of the best choice. "No"
needs evidence of its own, a bound below a threshold: a test that does not reject is "cannot tell". Single answers are
not corrected for there being four. "Good" needs Timing, Worth and, where something was chosen, Search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from gridproof.results.report.number_format import UNDEFINED, minus
from gridproof.results.run.conclusion_record import (
    CASH,
    MIX,
    AnswerRecord,
    ChoicesPlaceboRecord,
    ConclusionRecord,
    HoldingRecord,
    Null,
    Number,
    TimingRecord,
    WorthRecord,
)

QUESTIONS = ("timing", "worth", "search", "since")

LEVEL = 0.05
FEWEST_SWITCHES, MANY_SWITCHES = 4, 20
FEWEST_DAYS = 500
LARGEST_WEIGHT = 0.95

# An annual Sharpe ratio that is not worth having.
_NEGLIGIBLE = 0.2

_TIMING: dict[Null, str] = {
    "shifts": "circular shifts of the positions, Sharpe ratio after cost",
    "signs": "random signs of the days' returns, Sharpe ratio after cost",
}
_WORTH = "difference of Sharpe ratios, studentised circular block bootstrap"
_BOUND: dict[Null, str] = {
    "shifts": "upper bound of the timing effect, by inverting the shift test",
    "signs": "upper bound of the timing effect, by inverting the test by random signs",
}
_SMALL_SEARCH = "placebo of all choices with an effect of one annual volatility of the best"
NOT_REPEATED = "the search was not repeated under this environment"
_SEARCH: dict[Null, str] = {
    "shifts": "placebo of all choices, largest active t under circular shifts",
    "signs": "placebo of all choices, largest active t under random signs of the days' returns",
}

# Of choices that buy after a fall the test by random signs has p ≤ 0.05 in 6.9 % of markets without any effect, as
# measured (docs/verdict.md). At half that level it is wrong in less than 5 %.
SEARCH_LEVEL: dict[Null, float] = {"shifts": LEVEL, "signs": LEVEL / 2}


def conclude(
    timing: TimingRecord,
    worth: WorthRecord,
    search: ChoicesPlaceboRecord | None,
    since: WorthRecord | None,
    declared: bool = True,
    repeated: bool = True,
) -> ConclusionRecord:
    """search: None where the study has one choice. since: None where there are no days after publication.

    declared: whether the base was declared before its results on these days were seen; False where a search found it.
    repeated: False where the search was not repeated under this environment, so that ``search`` is None.
    """
    answers: ConclusionRecord = {
        "timing": answer_timing(timing, worth["days"]),
        "worth": _unknown("", _WORTH),
        "search": answer_search(search, worth["days"]) if repeated else _unknown(NOT_REPEATED, _SEARCH["shifts"]),
        "since": answer_since(since),
        "declared": declared,
        "sentence": "",
    }
    answers["worth"] = answer_worth(worth, answers["timing"]["answer"] == "yes")
    answers["sentence"] = _sentence(answers, search is not None or not repeated, declared)
    return answers


def answer_timing(timing: TimingRecord, days: int) -> AnswerRecord:
    p_value, test = timing["p_value"], _TIMING[timing["null"]]
    if why := _too_little(days, timing["switches"], timing["largest_weight"]):
        return _unknown(f"nothing can be told of the rule's timing: {why}", test, p_value)
    if p_value is None:
        return _unknown("nothing can be told of the rule's timing: its returns are constant", test)
    drawn = "" if timing["p_error"] is None else f" ± {text(timing['p_error'], 3)}"
    counts = f"{chance(p_value)}{drawn}, {_switches(timing['switches'])}"
    if p_value <= LEVEL:
        mean = timing["p_mean"]
        why = f"the rule's timing is better than chance ({counts})"
        if mean is not None and mean > LEVEL:
            why += f", but it times risk, not return (mean: {chance(mean)})"
        return _answer("yes", p_value, LEVEL, test, why)
    if (bound := _small_effect(timing, f"the rule's timing ({counts})")) is not None:
        return bound
    return _unknown(f"nothing shows that the rule's timing is better than chance ({counts})", test, p_value)


def answer_worth(worth: WorthRecord, timed: bool) -> AnswerRecord:
    """timed: whether Timing is "yes", which few switches need."""
    hardest = hardest_holding(worth["holdings"])
    if worth["days"] < FEWEST_DAYS or hardest is None:
        why = "its returns are constant" if hardest is None else f"{worth['days']} days are fewer than {FEWEST_DAYS}"
        return _unknown(f"whether it beats holding cannot be told: {why}", _WORTH)
    p_value, switches = hardest["p_value"], worth["switches"]
    enough = switches >= MANY_SWITCHES or (timed and switches >= FEWEST_SWITCHES)
    if p_value is not None and p_value <= LEVEL and enough:
        few = "" if switches >= MANY_SWITCHES else f", on only {_switches(switches)}"
        why = f"it beats every static holding ({chance(p_value)} against {_name(hardest)}{few})"
        return _answer("yes", p_value, LEVEL, _WORTH, why)
    if (bound := _bound(worth)) is not None:
        return bound
    if p_value is not None and p_value <= LEVEL:
        above = f"its Sharpe ratio is above that of every static holding ({chance(p_value)})"
        why = f"{above}, but {_switches(switches, 'are')} too few to tell whether that is more than luck"
        return _unknown(why, _WORTH, p_value)
    why = f"nothing shows that it beats {_holding(hardest)} ({chance(p_value, 2)})"
    return _unknown(why, _WORTH, p_value)


def answer_search(search: ChoicesPlaceboRecord | None, days: int) -> AnswerRecord:
    """days: in sample."""
    if search is None:
        return _unknown("nothing was searched", _SEARCH["shifts"])
    p_value, test, level = search["p_value"], _SEARCH[search["null"]], SEARCH_LEVEL[search["null"]]
    if p_value is None or search["choices"] == 0:
        return _unknown("nothing can be told of the search: no choice switches often enough", test)
    if days < FEWEST_DAYS:
        return _unknown(f"nothing can be told of the search: {days} days are fewer than {FEWEST_DAYS}", test, p_value)
    drawn = " drawn at random" if search["sampled"] else ""
    among = f"{chance(p_value)} among {search['choices']:,} eligible choices{drawn}"
    if p_value <= level:
        return _answer("yes", p_value, level, test, f"the best choice is more than luck ({among})")
    small = search["p_with_effect"]
    if small is not None and small <= LEVEL:
        more = f"an effect of one annual volatility would have shown more ({chance(small)})"
        return _answer("no", small, LEVEL, _SMALL_SEARCH, f"the best choice's timing ({among}) is small: {more}")
    needed = f"; needed: {text(level, 3)}" if level < p_value <= LEVEL else ""
    return _unknown(f"nothing shows that the best choice is more than luck ({among}{needed})", test, p_value, level)


def answer_since(since: WorthRecord | None) -> AnswerRecord:
    if since is None:
        return _unknown("nothing can be told of the time since publication: the study names no date", _WORTH)
    days, switches, hardest = since["days"], since["switches"], hardest_holding(since["holdings"])
    if switches < FEWEST_SWITCHES:
        often = "it never switched" if switches == 0 else f"it has only {_switches(switches)}"
        return _unknown(f"since publication {often}, so nothing can be told", _WORTH)
    if days < FEWEST_DAYS or hardest is None:
        why = "its returns are constant" if hardest is None else f"{days} days are fewer than {FEWEST_DAYS}"
        return _unknown(f"the time since publication tells nothing: {why}", _WORTH)
    p_value = hardest["p_value"]
    if p_value is not None and p_value <= LEVEL:
        why = f"since publication it beats every static holding ({chance(p_value)})"
        return _answer("yes", p_value, LEVEL, _WORTH, why)
    if (bound := _bound(since)) is not None:
        return {**bound, "why": f"since publication {bound['why']}"}
    least = f"detectable difference of Sharpe ratios {text(hardest['detectable'])}"
    why = f"since publication nothing shows that it beats {_holding(hardest)} ({chance(p_value, 2)}; {least})"
    return _unknown(why, _WORTH, p_value)


def _sentence(answers: ConclusionRecord, searched: bool, declared: bool) -> str:
    needed = [answers["timing"], answers["worth"], *([answers["search"]] if searched else [])]
    told = [answers["timing"], answers["worth"], answers["since"]]
    if searched:
        told.insert(2, answers["search"])
    verdicts = {one["answer"] for one in needed}
    # A rule that was chosen by these days needs Search, which alone judges the choice.
    good = verdicts == {"yes"} and (declared or searched)
    head = "Good" if good else "Not good" if "no" in verdicts else "Not shown to be good"
    chosen = "" if declared else " The rule was chosen with these days known, so timing and worth are too favourable."
    return f"{head}: " + "; ".join(one["why"] for one in told) + "." + chosen


def hardest_holding(holdings: Sequence[HoldingRecord]) -> HoldingRecord | None:
    """The holding with the largest p-value."""
    known = [holding for holding in holdings if holding["p_value"] is not None]
    return max(known, key=lambda holding: holding["p_value"] or 0.0) if known else None


def _bound(worth: WorthRecord) -> AnswerRecord | None:
    """The answer "no": against some holding the difference is below what is worth having."""
    known = [(holding["upper"], holding) for holding in worth["holdings"] if holding["upper"] is not None]
    if not known:
        return None
    upper, holding = min(known, key=lambda pair: pair[0])
    if upper >= _NEGLIGIBLE:
        return None
    if holding["standard_error"] == 0.0:
        why = f"its Sharpe ratio is that of {_holding(holding)}"
    elif upper < 0.0 and holding["name"] == CASH:
        why = f"it is worse than holding cash: its Sharpe ratio is at most {text(upper)}"
    elif upper < 0.0:
        why = f"its Sharpe ratio is below that of {_holding(holding)}, by at least {text(-upper)}"
    else:
        why = f"it is not better than {_holding(holding)} by a Sharpe ratio of {_NEGLIGIBLE} (at most {text(upper)})"
    return _answer("no", upper, _NEGLIGIBLE, "upper bound of the difference of Sharpe ratios", why)


def _small_effect(timing: TimingRecord, what: str) -> AnswerRecord | None:
    """The answer "no": the timing effect is below one annual volatility."""
    upper, volatility = timing["upper"], timing["volatility"]
    if upper is None or volatility is None or upper >= volatility:
        return None
    if upper < 0.0:
        least = f"at least {-100 * upper:.0f}% a year less on days held than on others"
        return _answer("no", upper, volatility, _BOUND[timing["null"]], f"{what} is worse than none: {least}")
    most = f"at most {100 * upper:.0f}% a year more on days held than on others, below one annual volatility"
    return _answer("no", upper, volatility, _BOUND[timing["null"]], f"{what} is small: {most}")


def _too_little(days: int, switches: int, largest_weight: float) -> str:
    if days < FEWEST_DAYS:
        return f"{days} days are fewer than {FEWEST_DAYS}"
    if switches < FEWEST_SWITCHES:
        return f"{_switches(switches, 'are')} fewer than {FEWEST_SWITCHES}" if switches else "it never switches"
    if largest_weight > LARGEST_WEIGHT:
        return f"it stays in one leg on {100 * largest_weight:.0f}% of days"
    return ""


def _name(holding: HoldingRecord) -> str:
    return holding["name"].removeprefix("hold ")


def _holding(holding: HoldingRecord) -> str:
    name = _name(holding)
    return f"the {name}" if name.startswith(MIX) else f"holding {name}"


def _switches(count: int, verb: str = "") -> str:
    """verb: "are", where the switches are the subject."""
    if count == 1:
        return "1 switch is" if verb else "1 switch"
    return f"{count} switches {verb}".rstrip()


def _answer(answer: Literal["yes", "no"], number: Number, threshold: Number, test: str, why: str) -> AnswerRecord:
    return {"answer": answer, "number": number, "threshold": threshold, "test": test, "why": why}


def _unknown(why: str, test: str, number: Number = None, level: float = LEVEL) -> AnswerRecord:
    threshold = None if number is None else level
    return {"answer": "cannot tell", "number": number, "threshold": threshold, "test": test, "why": why}


def chance(p_value: float | None, digits: int = 3) -> str:
    """A p-value as sentences show it: none is 0."""
    least = 10.0**-digits
    small = p_value is not None and p_value < least / 2.0
    return f"p < {least:.{digits}f}" if small else f"p {text(p_value, digits)}"


def text(value: float | None, digits: int = 2) -> str:
    """A number as sentences show it: with a minus sign, and a dash where it is undefined."""
    return UNDEFINED if value is None else minus(f"{value:.{digits}f}")
