"""The conclusion: what each answer needs, and the sentence."""

from __future__ import annotations

from typing import Any

import pytest

from gridproof.results.conclusion import (
    answer_search,
    answer_since,
    answer_timing,
    answer_worth,
    conclude,
)
from gridproof.results.run.conclusion_record import (
    AnswerRecord,
    ChoicesPlaceboRecord,
    HoldingRecord,
    TimingRecord,
    WorthRecord,
)


def timing(**changed: Any) -> TimingRecord:
    record: TimingRecord = {
        "null": "shifts",
        "p_value": 0.3,
        "p_error": None,
        "p_mean": 0.3,
        "p_mean_error": None,
        "switches": 30,
        "spells": 20.0,
        "largest_weight": 0.6,
        "effect": 0.05,
        "lower": -0.2,
        "upper": 0.4,
        "volatility": 0.3,
    }
    return record | changed  # type: ignore[return-value]


def holding(name: str, p_value: float | None, upper: float | None = 0.6) -> HoldingRecord:
    return {
        "name": name,
        "sharpe": 0.4,
        "difference": 0.1,
        "standard_error": 0.2,
        "p_value": p_value,
        "lower": -0.2,
        "upper": upper,
        "detectable": 0.5,
        "return_difference": 0.01,
    }


def worth(*holdings: HoldingRecord, days: int = 3000, switches: int = 30) -> WorthRecord:
    return {
        "days": days,
        "switches": switches,
        "block_length": 120,
        "resamples": 4999,
        "holdings": list(holdings) or [holding("hold index", 0.4), holding("cash", 0.01)],
    }


def search(p_value: float | None, with_effect: float | None = 0.5, choices: int = 200) -> ChoicesPlaceboRecord:
    return {
        "null": "shifts",
        "choices": choices,
        "sampled": False,
        "shifts": 999,
        "seed": 0,
        "observed": 2.0,
        "at_least": 10,
        "p_value": p_value,
        "p_with_effect": with_effect,
    }


@pytest.mark.parametrize(
    ("record", "days", "answer"),
    [
        (timing(p_value=0.05), 3000, "yes"),
        (timing(p_value=0.051), 3000, "cannot tell"),
        (timing(p_value=0.051, upper=0.29), 3000, "no"),
        (timing(p_value=0.01, switches=3), 3000, "cannot tell"),
        (timing(p_value=0.01, largest_weight=0.96), 3000, "cannot tell"),
        (timing(p_value=0.01), 499, "cannot tell"),
        (timing(p_value=None, upper=None), 3000, "cannot tell"),
        (timing(p_value=0.9, upper=None), 3000, "cannot tell"),
    ],
)
def test_timing(record: TimingRecord, days: int, answer: str) -> None:
    assert answer_timing(record, days)["answer"] == answer


def test_timing_of_risk_is_named() -> None:
    assert "it times risk, not return (mean: p 0.300)" in answer_timing(timing(p_value=0.01, p_mean=0.3), 3000)["why"]
    assert "times risk" not in answer_timing(timing(p_value=0.01, p_mean=0.01), 3000)["why"]


@pytest.mark.parametrize(
    ("record", "timed", "answer"),
    [
        (worth(holding("hold index", 0.05), holding("cash", 0.01)), False, "yes"),
        (worth(holding("hold index", 0.01), holding("cash", 0.06)), False, "cannot tell"),
        (worth(holding("hold index", 0.01), switches=19), False, "cannot tell"),
        (worth(holding("hold index", 0.01), switches=19), True, "yes"),
        (worth(holding("hold index", 0.01), switches=3), True, "cannot tell"),
        (worth(holding("hold index", 0.6, upper=0.19), holding("cash", 0.01)), False, "no"),
        (worth(holding("hold index", 0.01), days=499), False, "cannot tell"),
        (worth(holding("hold index", None, None)), False, "cannot tell"),
    ],
)
def test_worth(record: WorthRecord, timed: bool, answer: str) -> None:
    assert answer_worth(record, timed)["answer"] == answer


def test_a_bound_below_0_is_worse_than_nothing() -> None:
    found = answer_timing(timing(p_value=1.0, upper=-0.37), 3000)
    assert found["answer"] == "no"
    assert found["why"].endswith("is worse than none: at least 37% a year less on days held than on others")
    found = answer_worth(worth(holding("hold index", 0.999, upper=-0.42), holding("cash", 0.2)), False)
    assert found["answer"] == "no"
    assert found["why"] == "its Sharpe ratio is below that of holding index, by at least 0.42"
    found = answer_worth(worth(holding("cash", 0.999, upper=-0.42)), False)
    assert found["why"] == "it is worse than holding cash: its Sharpe ratio is at most −0.42"


def test_a_rule_that_earns_what_a_holding_earns_does_not_beat_it() -> None:
    same = holding("hold index", 1.0, upper=0.0) | {"difference": 0.0, "standard_error": 0.0, "lower": 0.0}
    found = answer_worth(worth(same, holding("cash", 0.001)), True)  # type: ignore[arg-type]
    assert found["answer"] == "no"
    assert found["why"] == "its Sharpe ratio is that of holding index"


def test_no_p_value_is_shown_as_0() -> None:
    assert "(p < 0.001, 30 switches)" in answer_timing(timing(p_value=0.0002, p_mean=0.0002), 3000)["why"]
    assert "(p 0.001, 30 switches)" in answer_timing(timing(p_value=0.0005, p_mean=0.0002), 3000)["why"]
    few = answer_worth(worth(holding("hold index", 0.0002), switches=3), True)
    assert few["why"].endswith("(p < 0.001), but 3 switches are too few to tell whether that is more than luck")


def test_the_largest_p_value_decides() -> None:
    found = answer_worth(worth(holding("hold index", 0.01), holding("hold bonds", 0.3), holding("cash", 0.2)), True)
    assert found["number"] == 0.3
    assert "holding bonds" in found["why"]


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        (None, "cannot tell"),
        (search(0.05), "yes"),
        (search(0.2), "cannot tell"),
        (search(0.2, with_effect=0.05), "no"),
        (search(0.2, with_effect=0.051), "cannot tell"),
        (search(0.2, with_effect=None), "cannot tell"),
        (search(None, choices=0), "cannot tell"),
    ],
)
def test_search(record: ChoicesPlaceboRecord | None, answer: str) -> None:
    assert answer_search(record, 3000)["answer"] == answer


def test_a_search_of_few_days_tells_nothing() -> None:
    found = answer_search(search(0.01), 499)
    assert (found["answer"], found["number"]) == ("cannot tell", 0.01)
    assert found["why"] == "nothing can be told of the search: 499 days are fewer than 500"


@pytest.mark.parametrize(
    ("record", "answer", "why"),
    [
        (None, "cannot tell", "names no date"),
        (worth(switches=0), "cannot tell", "never switched"),
        (worth(switches=1), "cannot tell", "only 1 switch"),
        (worth(days=300), "cannot tell", "300 days are fewer than 500"),
        (worth(holding("hold index", 0.02)), "yes", "beats every static holding"),
        (worth(holding("hold index", 0.8, upper=0.1)), "no", "since publication it is not better"),
        (worth(holding("hold index", 0.3)), "cannot tell", "detectable difference of Sharpe ratios 0.50"),
    ],
)
def test_since(record: WorthRecord | None, answer: str, why: str) -> None:
    found = answer_since(record)
    assert found["answer"] == answer
    assert why in found["why"]


def test_good_needs_timing_worth_and_search() -> None:
    known, beaten = timing(p_value=0.01, p_mean=0.01), worth(holding("hold index", 0.01))
    assert conclude(known, beaten, search(0.01), None)["sentence"].startswith("Good: ")
    assert conclude(known, beaten, None, None)["sentence"].startswith("Good: ")
    assert conclude(known, beaten, search(0.2), None)["sentence"].startswith("Not shown to be good: ")
    assert conclude(known, beaten, search(0.2, with_effect=0.01), None)["sentence"].startswith("Not good: ")
    assert conclude(timing(), beaten, search(0.01), None)["sentence"].startswith("Not shown to be good: ")


def test_a_base_that_a_search_chose_is_named() -> None:
    known, beaten = timing(p_value=0.01, p_mean=0.01), worth(holding("hold index", 0.01))
    assert "too favourable" in conclude(known, beaten, search(0.2), None, declared=False)["sentence"]
    assert "too favourable" not in conclude(known, beaten, search(0.2), None)["sentence"]
    # Chosen by these days, it needs Search: without one it is not good.
    assert conclude(known, beaten, search(0.01), None, declared=False)["sentence"].startswith("Good: ")
    assert conclude(known, beaten, None, None, declared=False)["sentence"].startswith("Not shown to be good: ")
    found = conclude(known, beaten, None, None, declared=True, repeated=False)["sentence"]
    assert found.startswith("Not shown to be good: ")
    assert "the search was not repeated under this environment" in found


def test_choices_of_a_sample_are_named() -> None:
    drawn = search(0.2)
    drawn["sampled"] = True
    assert "200 eligible choices drawn at random" in answer_search(drawn, 3000)["why"]


def test_the_sentence_has_every_reason_once() -> None:
    found = conclude(timing(), worth(), search(0.2), worth(switches=0))
    for question in (found["timing"], found["worth"], found["search"], found["since"]):
        assert found["sentence"].count(question["why"]) == 1
    assert "searched" not in conclude(timing(), worth(), None, None)["sentence"]


def test_a_search_of_rules_that_read_their_own_price_needs_half_the_level() -> None:
    def by_signs(p_value: float) -> AnswerRecord:
        return answer_search(search(p_value) | {"null": "signs"}, 3000)  # type: ignore[arg-type]

    found = by_signs(0.025)
    assert (found["answer"], found["threshold"]) == ("yes", 0.025)
    assert "random signs" in found["test"]
    found = by_signs(0.026)
    assert (found["answer"], found["threshold"]) == ("cannot tell", 0.025)
    assert found["why"].endswith("(p 0.026 among 200 eligible choices; needed: 0.025)")
    assert "needed" not in by_signs(0.2)["why"]
    assert by_signs(0.2)["threshold"] == 0.025
    assert answer_search(search(0.026), 3000)["threshold"] == 0.05
