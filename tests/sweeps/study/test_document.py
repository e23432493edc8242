"""Study files as people write them: encodings, full-width characters, tabs, bombs, bounds."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest

import gridproof as gp
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.study.document import read_document
from tests.support.tiny import tiny_study


def refused(folder: Path, content: str | bytes) -> str:
    path = folder / "study.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(gp.InputError) as caught:
        gp.load_study(path)
    assert str(caught.value).count("\n") == 0
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name：u\nmarket: {calendar: px}\n", ":1: a study file uses ASCII punctuation; got ：. Write : instead"),
        ("# 研究：一\nname: u\nmarket: {calendar: px，path: x\n", ":3: a study file uses ASCII punctuation; got ，"),
        ("name: u\nmarket:\n\tcalendar: px\n", ":3: a study file is YAML; got found character '\\t' that cannot start"),
        ("a: 1\nb: 研\n".encode("gb18030"), "; got bytes that are not UTF-8 on line 2"),
        ("name: u\n".encode("utf-16"), ": the study file must be readable; got UTF-16. Save it as UTF-8"),
        (b"PK\x03\x04\xff\xff", ": the study file must be readable; got a workbook or archive"),
        ("a: &a [x]\nb: [*a, *a]\n", ":2: a study file must not use YAML aliases; got *a. Write the value out"),
        ("name: u\n\nname: v\n", ":3 name: a key must occur once; got name on lines 1 and 3"),
        ("ＭＡ: 1\nMA: 2\n", ":2 MA: a key must occur once; got MA on lines 1 and 2"),
        ("x: " + "[" * 5000, ": a study file is YAML; got"),
        ("x: " + "9" * 5000, ": a study file is YAML; got Exceeds the limit"),
        ("x: 1\n" * 200_000, ": a study file has at most 500,000 bytes; got 1,000,000. Write ranges instead"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_meant_is_named(content: str | bytes, message: str, tmp_path: Path) -> None:
    assert message in refused(tmp_path, content)


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: u\n")
    assert read_document(path).raw == {"name": "u"}


def test_full_width_and_composed_names_are_one() -> None:
    up = {"value": "pct_change(y, window)", "window": 12, "latch": {"on_above": 0.0}}
    for written, in_rule in (("ＭＡ", "MA"), ("MA", "ＭＡ"), ("e\u0301", "\u00e9")):
        study = tiny_study(signals={"up": None, written: up}, rule={"stock": in_rule})
        assert study.signals[0].name in ("MA", "\u00e9")
        assert study.set({f"{written}.window": 7}).base[f"{study.signals[0].name}.window"] == 7


def test_names_of_columns_and_files_stay_as_they_are() -> None:
    study = tiny_study(y={"field": "收盘价（元）", "file": "ｙ.csv"}, title="题：一")
    assert (study.spec.series["y"].field, study.spec.series["y"].file) == ("收盘价（元）", "ｙ.csv")
    assert study.spec.title == "题：一"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"risk_free": 3}, r"risk_free must be below 1; got 3\. Lower it: it is a share, not %"),
        ({"risk_free": -0.9}, r"risk_free must be at least -0\.5"),
        ({"market": {"periods": 400}}, r"periods must be at most 366"),
        ({"cash": {"interest": 3}}, r"cash\.interest must be below 1; got 3\. Lower it: it is a share, not %"),
        ({"cash": {"interest": [0, -2]}}, r"cash\.interest must be at least -0\.99"),
        ({"execution": {"cost": 1.5}}, r"execution\.cost must be below 1; got 1\.5\. Lower it: it is a share, not %"),
        ({"execution": {"cost": {"from": 0, "to": 3, "step": 0.5}}}, r"execution\.cost must be below 1; got 3"),
        ({"execution": {"cost": -0.1}}, r"execution\.cost must be at least 0"),
        ({"execution": {"lag": 0}}, r"execution\.lag must be at least 1"),
        ({"signal": {"window": 0}}, r"up\.window must be at least 1"),
        ({"signal": {"window": float("nan")}}, r"a number is between"),
        ({"signal": {"window": {"from": 0, "to": 1e12, "step": 1e-3}}}, r"an axis has at most 1000000 values"),
        ({"signal": {"window": {"from": 1, "to": 10_000_000, "step": 1}}}, r"an axis has at most 1000000 values"),
        ({"name": "n" * 101}, r"name must have at most 64 characters"),
        ({"rule": [{"stock": "up"}, {"cash": "otherwise"}]}, r"rule must be a mapping of legs.*without dashes"),
        ({"rule": {"stock": 0.6}}, r"a line of the rule is an expression of signals; got 0\.6"),
        ({"y": {"release": "99999 days"}}, r"a release is at most 3,650 days"),
        ({"y": {"release": -1}}, r"a release is a number of trading days"),
    ],
)
def test_a_value_without_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        tiny_study(**changes)


def test_a_study_without_legs_says_so() -> None:
    with pytest.raises(gp.InputError, match="a study needs legs; got none"):
        tiny_study(legs={"stock": None, "cash": None})


def test_the_bounds_hold_for_changes_too() -> None:
    study = tiny_study()
    for change in ({"risk_free": 2.5}, {"cash.interest": 2.5}, {"cost": 1.5}, {"market.periods": 1000}, {"lag": -1}):
        with pytest.raises(gp.InputError, match="must be"):
            study.set(change)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (lambda: SearchOptions(10**12), r"--trials: trials of a search must be at most 100,000,000"),
        (lambda: SearchOptions(10, seed=2**40), r"--seed: seed of a search must be below 2\^32"),
        (lambda: RunOptions(sample=10**10), r"--sample: a sample must have at most 200,000,000 variants"),
    ],
)
def test_counts_that_cannot_end_are_refused(option: Any, message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        option()


def test_reading_a_nested_bomb_takes_little_memory(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases; got *a0" in refused(tmp_path, "\n".join(lines))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
