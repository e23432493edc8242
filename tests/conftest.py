"""Devices for CUDA: the shim's, which executes on the CPU, and a GPU where one answers; Ray on loopback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gridproof.kernels.cuda.device import Device, gpu_answers, open_gpu
from tests.shim.device import ShimDevice

# Ray reads it when it is first imported, whichever test that is in: it keeps clusters on loopback.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("executing the CUDA sources on the CPU needs g++, which is not installed")
    return tmp_path_factory.mktemp("shim")


@pytest.fixture(scope="session")
def shim(folder: Path) -> ShimDevice:
    return ShimDevice(folder)


@pytest.fixture
def gpu() -> Device:
    if not gpu_answers():
        if os.environ.get("REQUIRE_GPU") == "1":
            pytest.fail("REQUIRE_GPU=1, but no GPU answers")
        pytest.skip("no GPU answers: nothing is executed on one here")
    return open_gpu()
