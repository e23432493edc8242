"""How many workers a node takes."""

from __future__ import annotations

import pytest

from gridproof.sweeps.cluster.worker_pool import NodeShare, share_of


@pytest.mark.parametrize(
    ("resources", "gpu", "share"),
    [
        ({"CPU": 16.0}, False, NodeShare(4, 4, 0, 4)),
        ({"CPU": 2.0}, False, NodeShare(1, 2, 0, 2)),
        ({"CPU": 30.0, "GPU": 4.0}, False, NodeShare(7, 4, 0, 4)),
        ({"memory": 1e9}, False, NodeShare(0, 0, 0, 0)),
        ({"CPU": 192.0, "GPU": 8.0}, True, NodeShare(8, 1, 1, 24)),
        ({"CPU": 4.0, "GPU": 8.0}, True, NodeShare(8, 0, 1, 1)),
        ({"CPU": 16.0}, True, NodeShare(0, 0, 1, 1)),
    ],
)
def test_a_worker_for_each_gpu_or_for_four_cpus(resources: dict[str, float], gpu: bool, share: NodeShare) -> None:
    assert share_of(resources, gpu) == share
