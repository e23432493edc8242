"""The metrics of a run in Ray, for Prometheus and Ray's dashboard: tiles, variants, rates and retries."""

from __future__ import annotations

from collections.abc import Mapping


class RayMetrics:
    """``gridproof_tiles``, ``gridproof_variants``, ``gridproof_variants_per_second`` by node, ``gridproof_retries``."""

    def __init__(self) -> None:
        from ray.util.metrics import Counter, Gauge

        self._tiles = Counter("gridproof_tiles", "Tiles finished", tag_keys=("worker_node",))
        self._variants = Counter("gridproof_variants", "Variants evaluated", tag_keys=("worker_node",))
        self._rates = Gauge("gridproof_variants_per_second", "Rate of a node", tag_keys=("worker_node",))
        self._retries = Counter("gridproof_retries", "Tiles submitted again after a worker was lost")
        self._known: set[str] = set()

    def finished(self, node: str, variants: int) -> None:
        self._tiles.inc(1, {"worker_node": node})
        self._variants.inc(variants, {"worker_node": node})

    def retried(self) -> None:
        self._retries.inc(1)

    def rates(self, rates: Mapping[str, float]) -> None:
        """Set the rate of each node with a worker; that of a node that is gone becomes 0."""
        for node in self._known - set(rates):
            self._rates.set(0.0, {"worker_node": node})
        for node, rate in rates.items():
            self._rates.set(rate, {"worker_node": node})
        self._known |= set(rates)
