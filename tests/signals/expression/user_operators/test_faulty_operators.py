"""Every fault of a user's operator is one error that names the file, the line, the operator and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.user_operators.file import OperatorFile, read_operator_file
from gridproof.signals.expression.user_operators.look_ahead import check_file

HEAD = """\
import numpy as np
import pandas as pd
from gridproof.operators import SHARE, Example, boolean, choice, number, operator, series, window

"""
LAST = 'warm_up=lambda scalars: scalars["n"] - 1'


def checked(tmp_path: Path, text: str) -> OperatorFile:
    path = tmp_path / "own.py"
    path.write_text(HEAD + text)
    file = read_operator_file(path, "study.yaml:3 operators")
    check_file(file)
    return file


def op(body: str, arguments: str = "series()", names: str = "x", name: str = "own") -> str:
    return f"@operator({arguments})\ndef {name}({names}):\n    '''What it gives; unknown where x is.'''\n    {body}\n"


WINDOW = f"series(), window(), {LAST}"
ROLLING = "rolling = pd.Series(x).rolling(n)\n    return "

GOOD = {
    "a window of pandas, with the rounding of a running sum": op(f"{ROLLING}rolling.mean().to_numpy()", WINDOW, "x, n"),
    "a recursion": op("return pd.Series(x).ewm(span=n).mean().to_numpy()", "series(), window(), history=True", "x, n"),
    "a condition": op("return np.where(np.isnan(x), np.nan, x > 1)", "series(), result='boolean'"),
    "of a condition": op("return np.where(c == 1, x, 0 * x)", "series(), boolean('c', 'when')", "x, c"),
    "a choice and a number": op(
        "return x * k if way == 'up' else -x",
        "series(), number('k', 'times', 2.0), choice('way', 'sign', ('up', 'down'))",
        "x, k, way",
    ),
    "of the calendar": op("return calendar.month_ends * 0.0 + 1", "calendar=True", "*, calendar"),
    "many windows": op(
        "return np.stack([np.roll(x, k) * np.where(np.arange(len(x)) < k, np.nan, 1) for k in n])",
        "series(), window(), many='n', warm_up=lambda scalars: scalars['n']",
        "x, n",
    ),
    "with an example": op("return 2 * x", "series(), example=Example('own(x)', {'x': (1, 2)}, (2, 4))"),
    "with a name of its own": op("return x", "series(), name='another'"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_causal_operator_is_accepted(kind: str, tmp_path: Path) -> None:
    operators = checked(tmp_path, GOOD[kind]).operators()
    assert list(operators) == (["another"] if "another" in GOOD[kind] else ["own"])


AHEAD = "the value of a day may use values up to that day only; got "
FAULTS = {
    "tomorrow": (
        op("return np.append(x[1:], np.nan)"),
        rf"own.py:5 own: {AHEAD}\S+ on 2024-0\d-\d\d, \S+ where x changes on "
        r"the days after 2024-0\d-\d\d, on random values\. Use no later",
    ),
    "the whole series": (op("return (x - np.nanmean(x)) / np.nanstd(x)"), f"own: {AHEAD}"),
    "a centred window": (
        op(
            f"{ROLLING.replace('(n)', '(n, center=True)')}rolling.mean().to_numpy()",
            "series(), window(least=3), history=True",
            "x, n",
        ),
        f"own: {AHEAD}",
    ),
    "filled backwards": (op("return pd.Series(x).bfill().to_numpy()"), f"own: {AHEAD}"),
    "of one of two": (op("return x + np.append(y[1:], y[-1:])", "series(), series('y')", "x, y"), "where y changes on"),
    "of a condition": (op("return x * (c[::-1] == 1)", "series(), boolean('c', 'when')", "x, c"), "where c changes on"),
    "rolled over": (op("return np.roll(x, -1)"), f"own: {AHEAD}"),
    "a Fourier transform": (
        op("wave = np.fft.rfft(np.nan_to_num(x))\n    wave[9:] = 0\n    return np.fft.irfft(wave, len(x))"),
        f"own: {AHEAD}",
    ),
    "the next value, on days of one kind": (
        op("return np.where(x == np.fmax.accumulate(x), np.append(x[1:], x[-1:]), x)", "series(), history=True"),
        f"own: {AHEAD}",
    ),
    "the other windows": (
        op("return np.stack([x * len(n) for _ in n])", "series(), window(), many='n'", "x, n"),
        r"own: with many, the values of one n do not depend on the others; got \S+ on .* alone\. Compute each",
    ),
    "the number of days": (op("return x * 0 + len(x)"), f"{AHEAD}.* are cut off from x, on random"),
    "the last date": (
        op("return np.full(len(calendar.dates), len(calendar.dates) * 1.0)", "calendar=True", "*, calendar"),
        "are cut off from the calendar",
    ),
    "a window longer than declared": (
        op(f"{ROLLING}rolling.max().to_numpy()", "series(), window()", "x, n"),
        "own: without history=True, a value depends on its own day and warm_up days before; got",
    ),
    "random": (
        op("return x + np.random.default_rng().random(len(x))"),
        "equal values for equal arguments; got other values",
    ),
    "with a state": (
        "calls = []\n" + op("calls.append(1)\n    return x + len(calls)"),
        "equal values for equal arguments",
    ),
    "too short": (
        op("return x[1:]"),
        r"own: an operator returns one value a day, an array of shape \(120,\); got \(119,\)",
    ),
    "a scalar": (op("return x[-1]"), "own: an operator returns a NumPy array; got float64"),
    "a Series": (op("return pd.Series(x)"), "a NumPy array; got Series. Return a NumPy array, such as result.to_numpy"),
    "nothing": (op("pass"), "a NumPy array; got NoneType"),
    "float32": (op("return x.astype('float32')"), "own: an operator returns float64; got float32"),
    "a bool": (
        op("return x > 1", "series(), result='boolean'"),
        r"returns float64; got bool\. Return result.astype\(float\)",
    ),
    "half true": (op("return 0 * x + 0.5", "series(), result='boolean'"), "a condition is 0, 1 or NaN; got 0.5"),
    "beyond its unit": (op("return np.abs(x) + 1", "series(), unit=SHARE"), "declared as a share, from 0 to 1; got"),
    "written into": (
        op("x[0] = 0.0\n    return x.copy()"),
        "own: an operator must not write into its arguments; got a changed x",
    ),
    "an exception": (
        op("return x / n", "series(), window()", "x, n") + "    raise\n" + op("return x[10**6:][0]", name="two"),
        r"own.py:13 two: an operator must not raise an exception; got IndexError: index 0 is out of",
    ),
    "an exception under a scalar": (
        op("return x + {}[n]", "series(), window()", "x, n"),
        r"KeyError: \d+ with n=\d+\.",
    ),
    "an exit": (op("import sys; sys.exit(3)"), "an exception; got SystemExit: 3"),
    "a wrong example": (
        op("return 2 * x", "series(), example=Example('own(x)', {'x': (1, 2)}, (2, 5))"),
        r"own: the example says own\(x\) = \(2, 5\); got \(2, 4\)",
    ),
    "an example of another": (
        op("return x", "series(), example=Example('nine(x)', {'x': (1, 2)}, (2, 5))"),
        "got nine",
    ),
    "a name of ours": (
        op("return x", name="mean"),
        r"own.py:5: an operator of your own has a name of its own; got mean, an op",
    ),
    "a word": (op("return x", "series(), name='where'"), "got where, a word of the language"),
    "no name": (op("return x", "series(), name='a b'"), "letters, digits and underscores; got a b"),
    "declared twice": (op("return x") + op("return x"), "own.py:9: an operator is declared once; got own twice"),
    "no docstring": ("@operator(series())\ndef own(x):\n    return x\n", "an operator has a docstring; got none"),
    "other arguments": (op("return x", "series(), window()"), r"takes the declared arguments: x, n; got \(x\)"),
    "no calendar": (op("return x", "series(), calendar=True"), r"declared arguments: x, calendar; got \(x\)"),
    "numbers alone": (
        op("return np.array([k])", "number('k', 'the value')", "k"),
        "own.py:5: an operator has a series, a condition or the calendar; got own with k",
    ),
    "equal arguments": (op("return x", "series(), series()", "x, y"), "have names of their own; got x, x"),
    "many of nothing": (op("return x", "series(), many='n'"), "many names a window among the arguments; got n"),
    "no operators": ("x = 1\n", "a file of operators declares at least one; got none"),
    "not Python": ("def\n", "own.py:5: a file of operators is Python; got invalid syntax"),
    "an exception of the file": (
        "x = 1 / 0\n",
        "own.py:5: a file of operators must run without an exception; got ZeroDiv",
    ),
    "a missing package": (
        "import no_such_package\n",
        "own.py:5: .* got ModuleNotFoundError: No module named 'no_such_package'",
    ),
    "a relative import": (
        "from . import other\n",
        "own.py:5: a file of operators imports installed packages only.*local module .",
    ),
    "a local import": ("import tests.support.tiny\n", "own.py:5: .* got the local module tests.support.tiny"),
    "a file beside it": (
        "def late():\n    import helper\n",
        "own.py:6: .* got the local module helper. Copy what is needed",
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_one_error(kind: str, tmp_path: Path) -> None:
    text, message = FAULTS[kind]
    (tmp_path / "helper.py").write_text("x = 1\n")
    with pytest.raises(InputError, match=message) as found:
        checked(tmp_path, text)
    assert "\n" not in str(found.value)
    assert str(found.value).startswith(f"{tmp_path}/own.py")


def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    for content, message in (
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * 600_000, "at most 500,000 bytes"),
    ):
        if content is not None:
            (tmp_path / "own.py").write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_operator_file(tmp_path / "own.py", "study.yaml:3 operators")


def test_a_plain_import_of_the_file_declares_nothing(tmp_path: Path) -> None:
    """Its functions can be tested as any others; the language stays as it is."""
    from gridproof.operators import operator, series
    from gridproof.signals.expression.operators import OPERATORS

    @operator(series())
    def mean(x: object) -> object:
        return x

    assert mean(3) == 3
    assert OPERATORS.operators["mean"].arguments[1].name == "n"
