"""How the base trades, in words."""

from __future__ import annotations

from gridproof.results.report.sections.rule import held_text, share_text, trading_sentences
from gridproof.results.texts.translation import chinese


def test_stops_waiting_and_decision_days_are_said() -> None:
    base = {"execution.lag": 2, "execution.cost": 0.001, "execution.decide": "weekly", "execution.at": "open",
            "execution.min_hold": 5, "execution.drawdown_stop": 0.15, "execution.stop": 0.1,
            "execution.trailing_stop": 0.05, "execution.stop_on": "low", "execution.cooling": 20, "a.release": "1 day",
            "b.release": 1}  # fmt: skip
    assert trading_sentences(base, ["a"]) == [
        "The rule decides on the last trading day of each week only.",
        "A decision at a close is traded at the open 2 days later and earns from there on (lag 2).",
        "A position is held for at least 5 days before it follows a new state.",
        "A position is left for cash once its daily low is 10% or more below its price of entry or 5% or more below "
        "its highest close since the entry.",
        "A position is left for cash once the NAV is 15% or more below its highest.",
        "It is sold at the next trade, at the price found there, which may be below the stop.",
        "After a stop, cash is held for 20 days, or until the rule chooses another position.",
        "The highest NAV then begins anew with the next position, so as much may be lost again.",
        "A trade costs 0.1% of its value, on each side.",
        "Trades in a pay the tax of their date.",
        "Values of a and b are known 1 day after their date.",
    ]
    assert all(chinese().find(sentence) is not None for sentence in trading_sentences(base, ["a"]))
    none = trading_sentences({"execution.lag": 1, "execution.cost": 0.0, "execution.stop": 0.0}, [])
    assert "The base has no stop; other variants have one." in none
    assert "Trades cost nothing." in none


def test_the_control_of_the_drawdown_is_said() -> None:
    expected = {
        4: "Of what the rule chooses, the part 1 − drawdown / 20% is held, in 4 equal steps, and cash for the rest; it "
        "changes once the NAV asks for a whole step.",
        1: "Of what the rule chooses, all is held until the drawdown is 20%, and then cash.",
    }
    for steps, sentence in expected.items():
        said = trading_sentences({"execution.drawdown_control": 0.2, "execution.control_steps": steps}, [])
        assert sentence in said
        assert all(chinese().find(one) is not None for one in said)
    none = trading_sentences({"execution.drawdown_control": 0.0}, [])
    assert "The base does not control its drawdown; other variants do." in none
    assert all(chinese().find(one) is not None for one in none)


def test_allocation_of_a_mix_is_named_by_its_legs() -> None:
    weights = {"scored 0.3": {"index": 0.3, "cash": 0.7}}
    assert held_text("scored 0.3", weights) == "30% index, 70% cash"
    assert held_text("cash", weights) == "cash"
    assert [share_text(one) for one in (0.001, 1.5, -0.5, 1 / 3)] == ["0.1%", "150%", "−50%", "33.33%"]
