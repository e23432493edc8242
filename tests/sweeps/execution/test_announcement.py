"""What is said of the backend before a run or a search. A module stands in CuPy's place."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

import gridproof as gp
from gridproof.kernels.backend import Backend, resolve
from gridproof.kernels.cuda import availability
from gridproof.results.texts.translation import chinese
from gridproof.sweeps.execution import executor as executor_module
from gridproof.sweeps.execution.announcement import announce_backend
from gridproof.sweeps.search import session as session_module
from tests.support.fake_cupy import FakeCupy
from tests.support.observers import Heard
from tests.support.tiny import tiny_grid

IDLE = "1 of 4 GPUs is used; --ray local uses all"


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Backend:
    """On a machine with four GPUs."""
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy(devices=4))
    return replace(resolve("cpu"), name="cuda")


def said(backend: Backend, ray: str | None = None) -> list[str]:
    announce_backend(backend, ray, heard := Heard())
    return heard.notices


def test_gpus_that_are_left_idle_are_named(cuda: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where workers use them, where there is one, or where the backend uses none."""
    assert said(cuda) == [IDLE]
    assert said(replace(cuda, reason="auto takes cuda")) == ["auto takes cuda", IDLE]
    assert said(cuda, ray="local") == said(resolve("cpu")) == []
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy(devices=1))
    assert said(cuda) == []
    monkeypatch.delitem(sys.modules, "cupy")
    assert said(cuda) == []


def test_a_run_and_a_search_say_so_once(cuda: Backend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in (executor_module, session_module):
        monkeypatch.setattr(module, "resolve", lambda _: cuda)
    heard = Heard()
    gp.run(tiny_grid(), out=tmp_path, sample=10, backend="cuda", verdict=False, observer=heard)
    assert heard.notices.count(IDLE) == 1
    # A trial asks for its backend by name, and this machine has no GPU.
    monkeypatch.setattr(availability, "gpu_fault", lambda: "None here")
    heard = Heard()
    with pytest.raises(gp.InputError, match="None here"):
        gp.search(tiny_grid(), 2, out=tmp_path, backend="cuda", verdict=False, observer=heard)
    assert heard.notices.count(IDLE) == 1


@pytest.mark.parametrize(
    ("english", "text"),
    [
        (IDLE, "本机4块GPU只用到1块；用--ray local可全部使用"),
        (
            "auto takes cuda: proven on GPU 0 (NVIDIA H200) on 2026-11-30, /home/me/.cache/gridproof/gpu.json",
            "auto选用cuda：2026-11-30已在GPU 0 (NVIDIA H200)上验证，见/home/me/.cache/gridproof/gpu.json",
        ),
    ],
)
def test_it_is_said_in_chinese(english: str, text: str) -> None:
    assert chinese()(english) == text
