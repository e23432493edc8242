"""Every backend of a panel: cuda through the shim, and on a GPU where one answers."""

from __future__ import annotations

import pytest

from gridproof.kernels.cuda.device import Device
from gridproof.kernels.panel.backend import PanelBackend, panel_on, resolve_panel

DEVICES = ["shim", pytest.param("gpu", marks=pytest.mark.gpu)]


def named(request: pytest.FixtureRequest) -> PanelBackend:
    """The backend that a parameter of a fixture names."""
    if request.param in ("shim", "gpu"):
        device: Device = request.getfixturevalue(request.param)
        return panel_on(device)
    return resolve_panel(request.param)


@pytest.fixture(scope="session", params=["cpu", "reference", *DEVICES])
def backend(request: pytest.FixtureRequest) -> PanelBackend:
    return named(request)


@pytest.fixture(scope="session", params=["cpu", *DEVICES])
def compiled(request: pytest.FixtureRequest) -> PanelBackend:
    """Every backend but the reference, for what is compared with the reference."""
    return named(request)


@pytest.fixture(scope="session", params=DEVICES)
def cuda(request: pytest.FixtureRequest) -> PanelBackend:
    """Only the backend on a device, for what must have the bits of the CPU."""
    return named(request)
