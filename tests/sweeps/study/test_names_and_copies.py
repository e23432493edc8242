"""A study's name is the name of a folder on every system; studies, markets and runs can be copied and pickled."""

from __future__ import annotations

import copy
import pickle

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridproof as gp
from gridproof.sweeps.study.schema import study_schema
from gridproof.sweeps.study.study import load_study
from tests.support.demo import small_study
from tests.support.raw_mixes import raw_mixes
from tests.support.schemas import validate

GOOD = ["策略一", "a-b_1", "é", "नमस्ते", "CON", "2020", "a" * 64, "小盘-轮动_2"]
BAD = [
    "../x",
    "..",
    ".x",
    "-x",
    "_x",
    "a/b",
    "a\\b",
    "C:x",
    "a b",
    "a\n",
    "",
    "x\u202e",
    "a\0",
    "a.b",
    "a" * 65,
    "a\x9b",
]


def named(name: object) -> dict[str, object]:
    return {**small_study().document.raw, "name": name}


@pytest.mark.parametrize("name", GOOD)
def test_names_of_any_script(name: str) -> None:
    assert gp.load_study(named(name)).name == name
    validate(named(name), study_schema())


@pytest.mark.parametrize("name", BAD)
def test_names_that_are_no_folder_of_their_own(name: str) -> None:
    with pytest.raises(gp.InputError, match=r"^study name: name must"):
        gp.load_study(named(name))


@pytest.mark.parametrize("name", [name for name in BAD if name not in ("x\u202e", "a\n")])
def test_the_schema_refuses_them_too(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate(named(name), study_schema())


def test_two_forms_of_a_letter_are_one_name() -> None:
    assert gp.load_study(named("e\u0301")).name == gp.load_study(named("\u00e9")).name == "\u00e9"


@given(st.text(max_size=12))
def test_an_accepted_name_stays_in_its_folder(name: str) -> None:
    try:
        accepted = gp.load_study(named(name)).name
    except gp.InputError:
        return
    assert accepted.isprintable()
    assert not set(accepted) & set('/\\:.*?"<>| \0')


@pytest.mark.parametrize("name", ["us-demo", "us-search"])
def test_studies_can_be_pickled_and_copied(name: str) -> None:
    study = gp.load_study(name)
    for other in (pickle.loads(pickle.dumps(study)), copy.deepcopy(study)):
        assert other.to_yaml() == study.to_yaml()
        assert other.space.size == study.space.size
        assert other.set({"lag": 2}).base["execution.lag"] == 2
        assert gp.point(other).in_sample == gp.point(study).in_sample


def test_markets_runs_and_points_can_be_pickled(tmp_path_factory: pytest.TempPathFactory) -> None:
    market = gp.load_market(small_study())
    assert pickle.loads(pickle.dumps(market)).digest() == market.digest()
    assert copy.deepcopy(market).digest() == market.digest()
    run = gp.run(small_study(), out=tmp_path_factory.mktemp("runs"), backend="reference", sample=10, verdict=False)
    assert pickle.loads(pickle.dumps(run)).top().equals(run.top())
    point = gp.point(small_study())
    assert pickle.loads(pickle.dumps(point)).in_sample == point.in_sample


def test_a_short_name_under_choices_still_means_its_axis_when_that_has_one_value() -> None:
    """It means one of two axes only because the other has one value."""
    raw = raw_mixes(execution={"lag": 1, "cost": [0.0, 0.001]}, choices=["cost"], base={"execution.cost": 0.001})
    study = load_study(raw)
    assert "execution.cost" not in study.environment
    assert study.at({"lag": 2}).base["execution.cost"] == 0.001
