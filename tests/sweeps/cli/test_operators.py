"""The command operators prints what is declared."""

from __future__ import annotations

import re

import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.texts import spoken
from gridproof.signals.expression.operators import OPERATORS, OVER_STOCKS
from gridproof.signals.expression.operators.description import (
    arguments,
    example,
    groups,
    plain,
    result,
    summary,
    warm_up,
)
from gridproof.sweeps.cli.catalogue import operators
from gridproof.sweeps.cli.operator_tables import in_words


def test_all_operators_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    operators()
    lines = capsys.readouterr().out.splitlines()
    for one in OPERATORS.operators.values():
        assert any(line.strip().startswith(one.signature) for line in lines), one.name
    # Text in brackets is text, not markup.
    assert any("x[t] − x[t − n]" in line for line in lines)


def test_one_operator_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    operators("macd")
    shown = capsys.readouterr().out
    assert shown.startswith("macd(x, fast, slow, signal, part=)\n")
    for text in ("not doubled", "  part: ", "line, signal, histogram", "warm-up: none", "source: Gerald Appel"):
        assert text in shown


def test_a_mistaken_name_is_one_line_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"^NAME: an operator .*; got zscor\. Use zscore\.$"):
        operators("zscor")


def test_every_text_on_an_operator_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "_chosen", ["zh"])
    every = [*OPERATORS.operators.values(), *OVER_STOCKS.operators.values()]
    texts = {*groups(every), "Operators of your own", "value", "result", "warm-up", "example", "source"}
    for one in every:
        texts |= {summary(one), *plain(one.doc).split("\n\n"), *(text for _, text in arguments(one))}
        texts |= {result(one), warm_up(one), example(one)}
    assert len(texts) > 300
    # Formulas alone are the same in both languages, but for the full stop.
    left = [text for text in texts if in_words(text) == text or re.search(r"\b(the|is|of|where|and)\b", in_words(text))]
    assert left == []


def test_words_around_a_citation_are_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source is a name of pandas or NumPy, a book or paper as it is cited, or Chinese."""
    monkeypatch.setattr("gridproof.sweeps.cli.operator_tables.spoken", lambda: "zh")
    works = ("Easley, López de Prado", "J. Welles Wilder, New Concepts", "Gerald Appel, Moving Average")
    named = re.compile(r"(?:pandas (?:Series|DataFrame)|NumPy)[ .][\w.]+(?:\([^)]*\)[.\w]*)?(?:, ddof 1)?")
    for one in [*OPERATORS.operators.values(), *OVER_STOCKS.operators.values()]:
        told = in_words(one.source)
        assert re.search(r"[一-鿿]", told) or told.startswith(works) or named.fullmatch(told), told
