"""The CUDA sources of a panel: compiled, called with what they declare, and in too little memory.

What they compute is tested with the other backends, through the shim and on a GPU.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridproof.kernels.cuda import availability
from gridproof.kernels.cuda.source import panel_kernel
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import panel_on, resolve_panel
from gridproof.kernels.panel.selection import SelectionProblem
from tests.support.panels import random_panel, random_problem
from tests.support.shim import nvrtc
from tests.support.shim.device import ShimDevice

RANKING = ("order_keys", "place_stocks", "twice_ranks", "multiply_ranks", "forward_growth", "average_quantiles")
SELECTION = (
    "aim_baskets", "advance_ranks", "advance_parts", "set_weights", "grow_units", "make_whole", "add_baskets",
    "compare_weights", "trade_baskets", "add_parts", "trade_parts", "earn_baskets",
)  # fmt: skip
NAMES = (*RANKING, *SELECTION, "regress_days")


def problems() -> tuple[SelectionProblem, SelectionProblem]:
    nested = random_problem(3, np.array([[1, 0], [7, 2], [50, 40]]), np.array([1, 3, 9]))
    return nested, nested._replace(parted=True)


def compute_all(device: ShimDevice) -> None:
    """Every kernel is called."""
    value, key, _, _, weight = random_panel(3)
    backend = panel_on(device)
    backend.rank_days(key)
    backend.average_ranks(key)
    for problem in problems():
        backend.select(problem)
    backend.rank_ic(key[None], value, np.array([1, 5, 99]), 5)
    backend.regress(value, key[None], np.zeros(key.shape, dtype=np.int32), 1, weight)


@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_compiled_kernels_spill_nothing(architecture: str) -> None:
    for name in NAMES:
        nvrtc.check_fits(panel_kernel(name), architecture, 384 if name == "regress_days" else 1_024)


def test_kernels_are_called_with_what_they_declare(shim: ShimDevice) -> None:
    compute_all(shim)
    for name in NAMES:
        assert shim.types[name] == nvrtc.build(panel_kernel(name), "sm_90").parameters


def test_days_that_do_not_fit_are_computed_in_parts(folder: Path) -> None:
    value, key, _, _, weight = random_panel(4)
    short = ShimDevice(folder, room=key[:9].nbytes)
    whole, cut = resolve_panel("cpu"), panel_on(short)
    horizons = np.array([1, 3])
    for one, other in zip(
        (*cut.rank_days(key), cut.average_ranks(key), *cut.rank_ic(key[None], value, horizons, 3)),
        (*whole.rank_days(key), whole.average_ranks(key), *whole.rank_ic(key[None], value, horizons, 3)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    inputs = value, key[None], np.zeros(key.shape, dtype=np.int32), 1, weight
    for one, other in zip(cut.regress(*inputs), whole.regress(*inputs), strict=True):
        np.testing.assert_array_equal(one, other)
    assert short.released > 0


def test_too_little_memory_is_one_clear_error(folder: Path) -> None:
    backend = panel_on(ShimDevice(folder, room=50))
    with pytest.raises(InputError, match="the GPU must have enough free memory for a panel; got less than about"):
        backend.select(problems()[0])
    with pytest.raises(InputError, match="the GPU must have enough free memory for one launch; got too little"):
        backend.rank_days(random_panel(1)[1])


def test_without_a_gpu_the_backend_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "gpu_fault", lambda: "no GPU")
    with pytest.raises(InputError, match=r"backend: the backend must be one that can run here; got cuda"):
        resolve_panel("cuda")
