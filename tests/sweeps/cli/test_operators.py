"""The command operators prints what is declared."""

from __future__ import annotations

import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.operators import OPERATORS
from gridproof.sweeps.cli.catalogue import operators


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
