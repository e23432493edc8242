"""Each piece of evidence from given statistics: the number, what it is compared with, and on which side it falls."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from gridproof.results.evidence.evidence import collect_evidence
from gridproof.results.evidence.item import finding


def _benchmark(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "spa": {"consistent": 0.03, "monte_carlo_error": 0.005},
        "stepwise": {"base_rejected": True},
    }


# The parts of statistics.json that the evidence reads.
STATISTICS: dict[str, Any] = {
    "method": {"resamples": 1000},
    "questions": {
        "timing": {
            "null": "shifts", "p_mean": 0.02, "p_mean_error": None, "effect": 0.1, "lower": 0.02, "upper": 0.2,
            "spells": 12.0, "switches": 24, "largest_weight": 0.6,
        },
        "since": {"days": 400, "switches": 5, "holdings": [{"name": "hold a", "p_value": 0.2, "detectable": 0.9}]},
    },
    "who": {
        "base": {
            "in_sample": {
                "psr": 0.99, "min_track_record": 800.0, "interval": [0.2, 1.4], "mertens_error": 0.3,
                "observations": 1500,
            },
            "after_publication": {"sharpe": 0.5, "observations": 400, "mertens_error": 0.6},
        },
    },
    "data_snooping": {
        "benchmarks": [_benchmark("hold a"), _benchmark("hold b"), _benchmark("equal mix")],
        "active": {
            "choices": 40, "sampled": False, "spa": {"consistent": 0.04, "monte_carlo_error": 0.01},
            "stepwise": {"base_rejected": False},
        },
        "placebo": {"p_value": 0.01, "monte_carlo_error": 0.003, "sweeps": 999},
    },
    "stress": {
        "base": {
            "cost": [{"value": 0.001, "base": True}], "lag": [{"value": 1, "base": True}],
            "break_even_cost": [{"against": "hold a", "sharpe": 0.01}],
            "break_even_lag": [{"against": "hold a", "lag": 9, "tested": 20}],
        },
    },
    "subperiods": {"base": {"p_value": 0.4, "years": [2001, 2002], "positions": 12}},
    "walk_forward": {"folds": [1, 2], "days": 500, "holdings": [{"name": "hold a", "p_value": 0.1, "difference": 0.3}]},
    "combinatorial": {"sharpe": [0.7, 0.9], "holdings": [{"name": "hold a", "sharpe": 0.6}]},
    "plateau": {"base": {"score": 0.9, "edges": [], "neighbours": 8}},
    "deflated": {"marks": [{"name": "distinct choices", "best": 0.97}]},
    "haircut": {"best": {"p_bhy": 0.03}, "tests": 100},
    "overfitting": [{"blocks": 16, "mid_p": 0.1}],
    "overfitting_why": None,
}  # fmt: skip


@pytest.fixture
def statistics() -> dict[str, Any]:
    return deepcopy(STATISTICS)


def named(statistics: dict[str, Any], start: str) -> dict[str, Any]:
    (one,) = [dict(one) for one in collect_evidence(statistics) if one["name"].startswith(start)]
    return one


def test_questions_come_in_order_and_evidence_before_information(statistics: dict[str, Any]) -> None:
    order = [(one["question"], one["kind"]) for one in collect_evidence(statistics)]
    questions = ["timing", "worth", "search", "since"]
    assert order == sorted(order, key=lambda one: (questions.index(one[0]), one[1] == "information"))
    assert {question for question, _ in order} == set(questions)


@pytest.mark.parametrize(("p_value", "shown"), [(0.05, "supports it"), (0.0501, "not shown")])
def test_a_p_value_at_the_level_supports(statistics: dict[str, Any], p_value: float, shown: str) -> None:
    statistics["questions"]["timing"]["p_mean"] = p_value
    statistics["data_snooping"]["placebo"]["p_value"] = p_value
    for row in statistics["data_snooping"]["benchmarks"]:
        row["spa"]["consistent"] = p_value
    for start in ("Mean return under", "Placebo sweeps", "Superior predictive"):
        assert finding(named(statistics, start)) == shown, start


def test_the_lower_bound_of_the_timing_effect_decides(statistics: dict[str, Any]) -> None:
    statistics["questions"]["timing"] |= {"effect": 0.2, "lower": 0.0, "upper": 0.4}
    assert named(statistics, "Timing effect")["met"] is False
    statistics["questions"]["timing"]["lower"] = 0.001
    assert named(statistics, "Timing effect")["met"] is True


def test_the_benchmark_with_the_largest_p_counts(statistics: dict[str, Any]) -> None:
    rows = statistics["data_snooping"]["benchmarks"]
    assert len(rows) > 1
    for row, p_value in zip(rows, (0.01, 0.2, *[0.02] * len(rows)), strict=False):
        row["spa"]["consistent"] = p_value
    found = named(statistics, "Superior predictive")
    assert (found["value"], found["against"], found["met"]) == (0.2, rows[1]["name"], False)


def test_all_benchmarks_must_be_beaten_stepwise(statistics: dict[str, Any]) -> None:
    rows = statistics["data_snooping"]["benchmarks"]
    for row in rows:
        row["stepwise"]["base_rejected"] = True
    found = named(statistics, "Stepwise test")
    assert (found["met"], found["number"]) == (True, f"{len(rows)} of {len(rows)}")
    rows[0]["stepwise"]["base_rejected"] = False
    found = named(statistics, "Stepwise test")
    assert (found["met"], found["value"]) == (False, len(rows) - 1)
    assert rows[0]["name"] not in found["why"]
    for row in rows:
        row["stepwise"]["base_rejected"] = None
    assert finding(named(statistics, "Stepwise test")) == "not computable"


def test_each_choice_is_compared_with_its_own_mix(statistics: dict[str, Any]) -> None:
    spa, base = named(statistics, "SPA of the active"), named(statistics, "StepM of the base's Sharpe")
    assert (spa["value"], spa["met"], spa["uncertainty"]) == (0.04, True, "± 0.010, 40 choices")
    assert (base["question"], base["met"], base["number"]) == ("worth", False, "not above it")
    statistics["data_snooping"]["active"] |= {"sampled": True, "stepwise": {"base_rejected": True}}
    assert named(statistics, "SPA of the active")["uncertainty"].endswith("40 choices drawn at random")
    assert named(statistics, "StepM of the base's Sharpe")["met"] is True
    statistics["data_snooping"]["active"] = None
    assert {finding(named(statistics, start)) for start in ("SPA of the active", "StepM")} == {"not computable"}


def test_a_rule_that_reads_its_own_price_is_compared_with_random_signs(statistics: dict[str, Any]) -> None:
    assert named(statistics, "Mean return under")["against"] == "the same positions at another time"
    assert finding(named(statistics, "Placebo sweeps")) == "supports it"
    statistics["questions"]["timing"]["null"] = "signs"
    assert finding(named(statistics, "Placebo sweeps")) == "information"
    assert named(statistics, "Mean return under")["against"] == "markets with random signs of the days' returns"


def test_the_break_even_cost_is_that_against_the_hardest_holding(statistics: dict[str, Any]) -> None:
    base = statistics["stress"]["base"]
    base["cost"] = [{"value": 0.002, "base": True}]
    base["break_even_cost"] = [
        {"against": "cash", "sharpe": 0.0001},
        {"against": "hold a", "sharpe": 0.0059},
        {"against": "hold b", "sharpe": 0.02},
    ]
    found = named(statistics, "Break-even cost")
    assert (found["value"], found["against"], found["met"]) == (0.0059, "hold a", False)
    base["break_even_cost"][1]["sharpe"] = 0.006
    assert named(statistics, "Break-even cost")["met"] is True


def test_a_lag_that_was_never_too_long_is_the_longest_tested(statistics: dict[str, Any]) -> None:
    base = statistics["stress"]["base"]
    base["lag"] = [{"value": 1, "base": True}]
    base["break_even_lag"] = [{"against": "hold a", "lag": None, "tested": 20}]
    found = named(statistics, "Break-even lag")
    assert (found["value"], found["number"], found["met"]) == (20, "over 20 days", True)
    base["break_even_lag"].append({"against": "hold b", "lag": 2, "tested": 20})
    found = named(statistics, "Break-even lag")
    assert (found["value"], found["against"], found["met"]) == (2, "hold b", False)


def test_paths_are_compared_with_the_best_holding(statistics: dict[str, Any]) -> None:
    statistics["combinatorial"] = {
        "sharpe": [0.5, 0.7, 0.9],
        "holdings": [{"name": "hold a", "sharpe": 0.4}, {"name": "hold b", "sharpe": 0.6}],
    }
    found = named(statistics, "Paths of")
    assert (found["value"], found["met"]) == (2, False)
    assert found["against"] == "hold b, on the same days"


def test_what_is_information_is_met_or_not_but_supports_nothing(statistics: dict[str, Any]) -> None:
    psr = named(statistics, "Probabilistic Sharpe")
    assert psr["met"] is True
    assert finding(psr) == "information"


def test_what_keeps_no_level_for_rules_that_read_their_own_price_is_information(statistics: dict[str, Any]) -> None:
    for null, shown in (("shifts", "supports it"), ("signs", "information")):
        statistics["questions"]["timing"]["null"] = null
        for start in ("Placebo sweeps", "SPA of the active"):
            found = named(statistics, start)
            assert finding(found) == shown
            assert found["why"].endswith("not the promised one.") == (null == "signs")


def test_without_a_publication_there_is_no_evidence_since(statistics: dict[str, Any]) -> None:
    statistics["questions"]["since"] = None
    statistics["who"]["base"]["after_publication"] = None
    for one in collect_evidence(statistics):
        if one["question"] == "since":
            assert finding(one) == "not computable"
            assert one["why"].endswith("Not computable: the study names no publication date.")


def test_the_smallest_detectable_difference_is_that_of_the_hardest_holding(statistics: dict[str, Any]) -> None:
    statistics["questions"]["since"] = {
        "days": 500,
        "switches": 7,
        "holdings": [
            {"name": "hold a", "p_value": 0.3, "detectable": 0.8},
            {"name": "hold b", "p_value": 0.6, "detectable": 1.1},
            {"name": "cash", "p_value": None, "detectable": None},
        ],
    }
    found = named(statistics, "Smallest difference")
    assert (found["value"], found["against"]) == (1.1, "hold b")
    assert found["uncertainty"] == "500 days, 7 switches"
    statistics["questions"]["since"]["holdings"][1] |= {"p_value": 1.0, "detectable": None}
    found = named(statistics, "Smallest difference")
    assert (found["value"], found["number"], found["against"]) == (None, "–", "hold b")
    assert found["why"].endswith("Not computable: its returns are those of the holding.")
