"""What is said where no GPU can be used, and what becomes of CUDA's errors. A module stands in CuPy's place."""

from __future__ import annotations

import json
import os
import pickle
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gridproof.kernels import backend
from gridproof.kernels.cuda import availability, proof
from gridproof.kernels.cuda.device import Gpu
from gridproof.kernels.cuda.source import KernelForm, pass_kernel
from gridproof.kernels.errors import GpuError, InputError
from tests.support.fake_cupy import CompileException, CUDADriverError, CUDARuntimeError, FakeArray, FakeCupy

Install = Callable[[FakeCupy], FakeCupy]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Install]:
    """Puts a module in CuPy's place, with a folder for its cache."""
    cached = (availability.gpu_fault, availability._gpu, availability._import_cupy)

    def put(cupy: FakeCupy) -> FakeCupy:
        for function in cached:
            function.cache_clear()
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        return cupy

    monkeypatch.setattr(availability, "find_spec", lambda name: name)
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "kernels"))
    yield put
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize(
    ("cupy", "said"),
    [
        (FakeCupy(devices=0), "CuPy is installed but finds no GPU: check nvidia-smi"),
        (FakeCupy(count_error=CUDARuntimeError("cudaErrorNoDevice", 100)), "finds no GPU"),
        (FakeCupy(driver=0, count_error=CUDARuntimeError("old", 35)), "No driver of NVIDIA is installed: install one"),
        (
            FakeCupy(driver=12040, count_error=CUDARuntimeError("old", 35)),
            "The driver is for CUDA 12.4, and CuPy needs 13.2: update the driver",
        ),
        (
            FakeCupy(count_error=CUDARuntimeError("cudaErrorSystemDriverMismatch", 803)),
            "CUDA does not start (CUDARuntimeError: cudaErrorSystemDriverMismatch)",
        ),
    ],
)
def test_what_is_missing_is_named(install: Install, cupy: FakeCupy, said: str) -> None:
    install(cupy)
    assert not availability.gpu_answers()
    with pytest.raises(InputError, match="must be one that can run here") as caught:
        availability.open_gpu()
    assert said in str(caught.value)
    assert "use the cpu backend" in str(caught.value)


def test_hidden_gpus_are_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    install(FakeCupy(devices=0))
    assert "CUDA_VISIBLE_DEVICES is '' and leaves no GPU" in availability.gpu_fault()


def test_a_broken_installation_is_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(FakeCupy())
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert availability.gpu_fault().startswith("CuPy cannot be imported (ModuleNotFoundError: ")


def test_a_gpu_that_another_process_has_for_itself(install: Install) -> None:
    install(FakeCupy()).fault = CUDARuntimeError("cudaErrorDevicesUnavailable: busy", 46)
    assert availability.gpu_answers()
    with pytest.raises(InputError, match=r"got GPU 0.*busy\. Another process has the GPU for itself: end it"):
        availability.open_gpu()


def test_a_gpu_without_free_memory(install: Install) -> None:
    install(FakeCupy()).fault = MemoryError()
    with pytest.raises(InputError, match="the GPU must have free memory"):
        availability.open_gpu()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written(install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    check_unwritable_home(install, monkeypatch, tmp_path)


def test_a_home_that_is_a_file(install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("no folder")
    check_unwritable_home(install, monkeypatch, home)


def check_unwritable_home(install: Install, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """CuPy is imported with a folder of its own; a folder that the user chose is not replaced."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CUPY_CACHE_DIR", "")
    install(FakeCupy())
    assert availability.gpu_fault() == ""
    assert Path(os.environ["CUPY_CACHE_DIR"]).is_dir()
    monkeypatch.setenv("CUPY_CACHE_DIR", str(home / "chosen"))
    install(FakeCupy())
    assert "CUPY_CACHE_DIR is" in availability.gpu_fault()


def test_errors_name_the_gpu(install: Install) -> None:
    gpu = Gpu(cupy := install(FakeCupy()))
    assert gpu.name == "GPU 0 (NVIDIA H200)"
    calls = [
        lambda: gpu.upload(np.zeros(1)),
        lambda: gpu.empty((1,), "<f8"),
        lambda: gpu.zeros((1,), "<f8"),
        lambda: gpu.launch(pass_kernel("join_rows"), 1, []),
        gpu.free_bytes,
    ]
    for call in calls:
        for fault in (CUDARuntimeError("cudaErrorIllegalAddress", 700), CUDADriverError("CUDA_ERROR_X", 719)):
            cupy.fault = fault
            with pytest.raises(GpuError, match=rf"GPU 0 \(NVIDIA H200\): {fault}"):
                call()
        cupy.fault = CUDADriverError("CUDA_ERROR_OUT_OF_MEMORY", 2)
        with pytest.raises(MemoryError):
            call()
    cupy.fault = CompileException("line 1")
    with pytest.raises(GpuError, match="a kernel does not compile: line 1"):
        gpu.launch(pass_kernel("join_rows"), 1, [])
    error = pickle.loads(pickle.dumps(GpuError("GPU 0: x")))
    assert str(error) == "GPU 0: x"


def test_a_source_is_loaded_once(install: Install) -> None:
    gpu = Gpu(cupy := install(FakeCupy()))
    form = KernelForm(3, False, "sharpe")
    for name in ("leaves", "combine", "walk", "leaves"):
        gpu.launch(form.kernel(name), 1, [])
    gpu.launch(KernelForm(3, True, "sharpe").kernel("walk"), 1, [])
    assert cupy.launched == ["leaves", "combine", "walk", "leaves", "walk"]
    assert len(cupy.modules) == 2


def test_a_process_opens_the_gpu_once(install: Install) -> None:
    install(FakeCupy())
    assert availability.open_gpu() is availability.open_gpu()
    assert availability.gpu_packages() == {"cupy": "14.2.0", "nvrtc": "13.5"}


def test_auto_takes_a_gpu_only_where_it_was_proven(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The proof is of this device, these packages and these sources."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    install(FakeCupy())
    assert backend.resolve("auto").name == "cpu"
    gpu, packages = availability.open_gpu(), availability.gpu_packages()
    file = proof.write_proof(gpu, packages, tmp_path / "summary.md")
    taken = backend.resolve("auto")
    assert taken.name == "cuda"
    assert taken.reason.startswith("auto takes cuda: proven on GPU 0 (NVIDIA H200) on 20")
    assert taken.reason.endswith(str(file))
    assert backend.resolve("cpu").reason == ""
    for name, value in (("packages", {}), ("sources", "other")):
        wrong = json.loads(file.read_text())
        wrong[gpu.uuid][name] = value
        file.write_text(json.dumps(wrong))
        assert backend.resolve("auto").name == "cpu", name
        proof.write_proof(gpu, packages, tmp_path / "summary.md")
    assert backend.resolve("auto").name == "cuda"
    install(FakeCupy(devices=0))
    assert backend.resolve("auto").name == "cpu"
    file.write_text("no record")
    assert backend.resolve("auto").name == "cpu"


def test_a_copy_to_the_host_keeps_its_memory_until_it_has_ended() -> None:
    """It is waited for by its event; its errors are those of the GPU; memory is given up only when the copy is done."""
    cupy = FakeCupy()
    gpu = Gpu(cupy)
    content = np.arange(6.0).reshape(2, 3)
    waits = [gpu.download_later(FakeArray(content + number)) for number in range(3)]
    assert len(gpu._copies) == 3
    for number, wait in enumerate(waits):
        np.testing.assert_array_equal(wait(), content + number)
        assert cupy.events[number].done
    gpu.download_later(FakeArray(content))
    assert len(gpu._copies) == 1, "what has ended is let go with the next copy"
    cupy.fault = CUDARuntimeError("cudaErrorIllegalAddress", 700)
    with pytest.raises(GpuError, match="cudaErrorIllegalAddress"):
        waits[0]()
