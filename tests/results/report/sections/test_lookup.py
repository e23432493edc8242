"""Values and the reasons for missing ones."""

from __future__ import annotations

from gridproof.results.report.sections.lookup import NO_REASON, lookup, not_computable


def test_reasons_are_found_at_every_level() -> None:
    record = {"a": None, "a_why": "no a", "b": {"c": {"why": "not computable: no c"}, "d": None, "d_why": "no d"}}
    assert not_computable(record, "a") == not_computable(record, "a", "x") == "not computable: no a"
    assert not_computable(record, "b", "c") == "not computable: no c"
    assert not_computable(record, "b", "d") == "not computable: no d"
    assert not_computable(record, "e") == f"not computable: {NO_REASON}"
    assert lookup(record, "b", "c") is None
    assert lookup({"a": {"b": 0}}, "a", "b") == 0
