"""What the names in a study's rule mean, as the summary records it and the page says it."""

from __future__ import annotations

from typing import Any

import pytest

import gridproof as gp
from gridproof.results.report.sections.rule import rule_section
from gridproof.results.texts.translation import chinese
from gridproof.sweeps.execution.summary_rule import record_definitions
from tests.support.raw_mixes import raw_mixes


def section(study: gp.Study) -> dict[str, Any]:
    """The section of a study, as its summary would have it."""
    axes = [{"name": axis.name, "base": study.base[axis.name]} for axis in study.space.axes]
    definitions = record_definitions(study, study.base)
    return rule_section({"definitions": definitions, "rule": study.rule_lines(), "axes": axes})


def test_weight_with_a_formula_is_explained_with_its_steps() -> None:
    found = section(gp.load_study("volatility-target"))
    assert found["rules"] == [("", "", [("targeted", "")])]
    assert found["mixes"] == [
        "The mix targeted holds sp500 with a weight from 0% to 150% in steps of 10%: the step nearest to its formula. "
        "The rest is in cash. A weight above 100% is held on credit, one below 0% is sold short. Weights that have "
        "drifted are set back at every close."
    ]
    formula = "target / (std(pct_change(sp500, 1), n) * 252 ** 0.5)"
    assert found["rows"] == [
        ("weight of sp500 in targeted", "aimed", "a number", ""),
        ("aimed", formula, "a number", "target 0.1, n 20"),
    ]
    assert "Borrowed cash costs 3% a year." in found["trading"]


def test_sleeves_have_their_shares_and_rules() -> None:
    found = section(gp.load_study("faber-sleeves"))
    assert found["rules"][0] == ("sse50", "20%", [("sse50", "up50"), ("cash", "")])
    assert [share for _, share, _ in found["rules"]] == ["20%"] * 5
    assert ("up300", "monthly(csi300) > mean(monthly(csi300), months)", "while true", "months 10") in found["rows"]


def test_signals_have_formula_levels_and_parameters() -> None:
    rows = section(gp.load_study("us-demo"))["rows"]
    assert rows[0] == ("rate", "pct_change(baa, window)", "from above 0.1 until below −0.1", "window 12")
    assert rows[1][2] == "above 0"
    assert [row[0] for row in rows] == ["rate", "trend", "fork.small", "fork.large", "ratio"]


def test_fixed_mix_has_its_weights_at_the_base() -> None:
    study = gp.load_study(
        raw_mixes(
            mixes={"half": {"large": 0.5, "small": "rest"}},
            rule={"half": "up", "cash": "otherwise"},
            signals={"up": {"when": "small > mean(small, 20)"}},
        )
    )
    found = record_definitions(study, study.base)
    for mix in found["mixes"]:
        held = found["weights"]["base"][mix["name"]]
        assert sum(held.values()) == pytest.approx(1.0)
        for leg, weight in mix["weights"].items():
            assert weight == "rest" or held.get(leg, 0.0) == weight
    assert any("holds" in sentences for sentences in section(study)["mixes"])


def test_every_sentence_has_its_chinese() -> None:
    for name in (
        "us-demo", "volatility-target", "faber-sleeves", "stop-loss", "growth-liquidity-weight", "drawdown-control",
        "inverse-volatility-three",
    ):  # fmt: skip
        found = section(gp.load_study(name))
        for sentence in [*found["trading"], *found["mixes"], *(row[2] for row in found["rows"])]:
            assert chinese().find(sentence) is not None, sentence


def test_a_stop_holds_cash_while_the_rule_wants_the_leg() -> None:
    study = gp.load_study("stop-loss").set({"window.from": "2008-01-02", "window.published": "2012-01-03"})
    stopped = gp.point(study, {"cooling": 20})
    assert set(stopped.wanted or []) == {"sp500"}
    assert set(stopped.held) == {"sp500", "cash"}
    assert gp.point(gp.load_study("us-demo")).wanted is None
