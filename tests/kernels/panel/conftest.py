"""Every backend of a panel: cuda through the shim, and on a GPU where one answers."""

from __future__ import annotations

import pytest

from gridproof.kernels.cuda.device import Device
from gridproof.kernels.panel.backend import PanelBackend, panel_on, resolve_panel


@pytest.fixture(scope="session", params=["cpu", "reference", "shim", pytest.param("gpu", marks=pytest.mark.gpu)])
def backend(request: pytest.FixtureRequest) -> PanelBackend:
    if request.param in ("shim", "gpu"):
        device: Device = request.getfixturevalue(request.param)
        return panel_on(device)
    return resolve_panel(request.param)


@pytest.fixture(scope="session", params=["shim", pytest.param("gpu", marks=pytest.mark.gpu)])
def cuda(request: pytest.FixtureRequest) -> PanelBackend:
    """Only the backend on a device, for what must have the bits of the CPU."""
    device: Device = request.getfixturevalue(request.param)
    return panel_on(device)
