"""Packages of a wrong version are named in one line."""

from __future__ import annotations

import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.run import packages as packages_module
from gridproof.results.run.packages import require_package, version_fault, wrong_versions
from gridproof.results.run.remote_store import RemoteStore
from gridproof.sweeps.cli import app as app_module
from gridproof.sweeps.cluster.connection import check_address


@pytest.fixture(params=["0.1", "99.0"])
def strange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A version of ray and fsspec that is too old or, for ray, too new."""
    versions = {"ray": request.param, "fsspec": "0.1"}
    installed = packages_module.version
    monkeypatch.setattr(packages_module, "version", lambda name: versions.get(name) or installed(name))
    return str(request.param)


def test_the_installed_packages_fit() -> None:
    assert wrong_versions() == []
    assert version_fault() is None
    require_package("ray", "x", "y", "z")


def test_an_optional_package_of_a_wrong_version(strange: str) -> None:
    with pytest.raises(
        InputError, match=rf"^--ray: a run on a cluster needs Ray; got ray {strange}, not ray<3,>=2.60. "
    ):
        check_address("local")
    with pytest.raises(InputError, match=r"runs at a URL need fsspec; got fsspec 0.1, not fsspec>=2024.2. Install it"):
        RemoteStore("memory://runs")


def test_an_optional_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages_module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="a run on a cluster needs Ray; got no package ray"):
        check_address("local")


def test_what_a_wrong_version_breaks_is_one_line(
    strange: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise AttributeError("module 'ray' has no attribute 'init'")

    monkeypatch.setattr(app_module, "app", broken)
    monkeypatch.setattr(app_module, "open_streams", lambda: None)
    with pytest.raises(SystemExit) as ended:
        app_module.main()
    assert ended.value.code == 2
    expected = "AttributeError: module 'ray' has no attribute 'init'. "  # it may have another cause
    expected += f"gridproof needs other versions than fsspec 0.1, ray {strange}. Install them: pip install "
    assert capsys.readouterr().err == f"gridproof: {expected}'fsspec>=2024.2' 'ray<3,>=2.60'.\n"
    monkeypatch.undo()
    monkeypatch.setattr(app_module, "app", broken)
    monkeypatch.setattr(app_module, "open_streams", lambda: None)
    with pytest.raises(AttributeError):  # where all versions fit, it is a fault of gridproof
        app_module.main()
