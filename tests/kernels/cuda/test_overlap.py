"""Boxes that are begun before the ones before them are waited for: the same results, whatever memory lacks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult
from gridproof.kernels.arrays import Array
from gridproof.kernels.cuda import reduce as reduce_module
from gridproof.kernels.cuda.evaluate import CudaReducer
from gridproof.kernels.cuda.source import Kernel
from gridproof.kernels.errors import GpuError
from tests.support.box_requests import box_requests
from tests.support.problems import random_problem
from tests.support.shim.device import ShimDevice


class ShortDevice(ShimDevice):
    """Some of its calls find no room: those whose numbers are in ``failing``. ``log``: what was called, in order."""

    def __init__(self, folder: Path, failing: Sequence[int] = ()) -> None:
        super().__init__(folder)
        self._failing, self._calls = set(failing), 0
        self.log: list[str] = []

    def _make_room(self, array: Array) -> None:
        self._calls += 1
        if self._calls in self._failing:
            raise MemoryError

    def launch(self, kernel: Kernel, count: int, arguments: Sequence[Any]) -> None:
        self.log.append(kernel.name)
        super().launch(kernel, count, arguments)

    def download_later(self, array: Array) -> Callable[[], Array]:
        wait = super().download_later(array)

        def waited() -> Array:
            self.log.append("wait")
            return wait()

        return waited


def best(result: ReductionResult, kept: int) -> list[tuple[float, int, int]]:
    every = zip((-result.value).tolist(), result.job.tolist(), result.execution.tolist(), strict=True)
    return sorted(every)[:kept]


def assert_same(found: ReductionResult, expected: ReductionResult, kept: int) -> None:
    """The same tally: candidates beyond the wanted best may differ."""
    np.testing.assert_array_equal(found.counters, expected.counters)
    np.testing.assert_array_equal(found.histogram, expected.histogram)
    for name in ("count", "sums", "maximum"):
        np.testing.assert_array_equal(getattr(found.surfaces, name), getattr(expected.surfaces, name))
    assert best(found, kept) == best(expected, kept)


def answers(reducer: CudaReducer, asked: list[ReductionRequest], ahead: int) -> list[ReductionResult]:
    begun, found = deque[Any](), []
    for request in asked:
        begun.append(reducer.begin(request))
        if len(begun) > ahead:
            found.append(begun.popleft().answer())
    return found + [box.answer() for box in begun]


@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    seed=st.integers(0, 2**32 - 1),
    ahead=st.integers(1, 3),
    room=st.sampled_from([2**16, 16]),
    failing=st.lists(st.integers(1, 400), max_size=12),
)
@example(seed=0, ahead=1, room=2**16, failing=[4])
def test_boxes_begun_ahead_give_what_each_gives_alone(
    folder: Path, seed: int, ahead: int, room: int, failing: list[int]
) -> None:
    """Random boxes; room for all candidates or for few, so that guesses are right and wrong; calls without memory."""
    problem = random_problem(np.random.default_rng(seed), days=60, flip=0.1)
    asked = box_requests(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce_module, "_ROOM", room)
        alone = [CudaReducer(ShimDevice(folder), problem).reduce(each) for each in asked]
        found = answers(CudaReducer(ShortDevice(folder, failing), problem), asked, ahead)
    for mine, expected, request in zip(found, alone, asked, strict=True):
        assert_same(mine, expected, request.kept)


def test_the_next_box_is_launched_before_the_last_is_waited_for(folder: Path) -> None:
    device = ShortDevice(folder)
    reducer = CudaReducer(device, random_problem(np.random.default_rng(3), days=60, flip=0.1))
    first, second = box_requests(2)
    one = reducer.begin(first)
    launched = len(device.log)
    two = reducer.begin(second)
    assert "wait" not in device.log
    assert device.log[launched:].count("surface") == 1
    one.answer()
    two.answer()
    assert device.log.count("wait") == 2
    assert "best" not in device.log[device.log.index("wait") :], "nothing more is asked where the candidates fit"
    assert [device.log.count(name) for name in ("pairs", "surface", "ranks", "best")] == [2, 2, 4, 2]


def test_a_good_guess_spares_the_search(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first box looks for a bound; the next begins with one that its values suggest."""
    monkeypatch.setattr(reduce_module, "_ROOM", 300)
    device = ShortDevice(folder)
    reducer = CudaReducer(device, random_problem(np.random.default_rng(3), days=60, flip=0.1))
    counts = []
    for request in box_requests(2):
        before = device.log.count("best")
        reducer.reduce(request)
        counts.append(device.log.count("best") - before)
    assert counts[0] > 2
    assert counts[1] == 1


def test_a_box_that_never_fits_is_named_when_it_is_asked_for(folder: Path) -> None:
    problem = random_problem(np.random.default_rng(3), days=60, flip=0.1)
    device = ShimDevice(folder)
    reducer, asked = CudaReducer(device, problem), box_requests(3)
    expected = [CudaReducer(ShimDevice(folder), problem).reduce(each) for each in asked]
    first = reducer.begin(asked[0])
    device.room = 64
    second = reducer.begin(asked[1])
    assert_same(first.answer(), expected[0], 9)
    with pytest.raises(gp.InputError, match="GPU"):
        second.answer()
    device.room = None
    assert_same(reducer.reduce(asked[2]), expected[2], 9)


def test_a_gpu_that_fails_is_an_error_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = ShimDevice(folder)
    reducer = CudaReducer(device, random_problem(np.random.default_rng(3), days=60, flip=0.1))
    first, second = box_requests(2)
    reducer.begin(first)

    def fail(*_: Any) -> None:
        raise GpuError("GPU 0: cudaErrorIllegalAddress")

    monkeypatch.setattr(device, "launch", fail)
    with pytest.raises(GpuError, match="cudaErrorIllegalAddress"):
        reducer.begin(second)
