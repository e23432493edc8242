"""Regressions on a device, one thread a day."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.pattern_rows import by_groups
from gridproof.kernels.cuda.source import panel_kernel
from gridproof.kernels.panel.ranking import Columns
from gridproof.kernels.panel.regression import Regression, checked_regression


def regress(
    device: Device, response: Floats, exposures: Floats, group: Columns, groups: int, weight: Floats
) -> Regression:
    """As ``reference.regression.regress``, with the bits of the CPU."""
    response, exposures, group, weight, found = checked_regression(response, exposures, group, groups, weight)
    kinds, days, stocks = exposures.shape

    def compute(part: slice) -> None:
        own = part.stop - part.start
        inputs = [
            device.upload(np.ascontiguousarray(each))
            for each in (response[part], exposures[:, part], group[part], weight[part])
        ]
        numbers = [np.int32(each) for each in (own, stocks, kinds, groups)]
        space = [
            device.empty((stocks, own), "<i4"), device.empty((kinds + 1, stocks, own), "<f8"),
            device.empty((stocks, own), "<f8"), device.empty((kinds + 1, groups, own), "<f8"),
            device.empty((groups, own), "<f8"), device.empty((kinds + 1, kinds + 1, own), "<f8"),
        ]  # fmt: skip
        answers = [device.upload(each[part]) for each in (found.coefficients, found.r_squared, found.residuals)]
        counts = device.zeros((own,), "<u8")
        device.launch(panel_kernel("regress_days"), own, [*inputs, *numbers, *space, *answers, counts])
        found.stocks[part] = device.download(counts)
        for mine, theirs in zip((found.coefficients, found.r_squared, found.residuals), answers, strict=True):
            mine[part] = device.download(theirs)

    by_groups(device, days, (16 * kinds + 60) * stocks, compute, "the exposures of a day")
    return found
