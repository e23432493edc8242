"""The groups of cases, and how each is set up."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from benchmarks.reliability.case import Case
from benchmarks.reliability.workbench import PIECE, Workbench


class Group(Protocol):
    def case(self, number: int) -> Case: ...


def opened(group: str, folder: Path, seed: int, stack: ExitStack) -> Group:
    """A group ready for its cases. stack: closes what it opened."""
    return GROUPS[group](folder, seed, stack)


def _local(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.local_kills import LocalKills

    return LocalKills(Workbench(folder, seed))


def _concurrent(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.concurrent_runs import ConcurrentRuns

    return ConcurrentRuns(Workbench(folder, seed))


def _full_disk(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.full_disks import FullDisks

    return FullDisks(Workbench(folder, seed))


def _search(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.search_kills import SearchKills

    return SearchKills(Workbench(folder, seed))


def _s3(folder: Path, seed: int, stack: ExitStack) -> Group:
    from benchmarks.reliability import s3_kills
    from benchmarks.reliability.s3_server import S3Server

    bench = Workbench(folder, seed, s3_kills.PIECE)
    return s3_kills.S3Kills(bench, stack.enter_context(S3Server(folder / "server.log")))


def _ray(folder: Path, seed: int, stack: ExitStack) -> Group:
    from tests.support.rays import ray_environment

    bench = Workbench(folder, seed, PIECE)
    (folder / "home").mkdir()
    os.environ.update(ray_environment(folder / "home"))
    from benchmarks.reliability.ray_kills import RayKills

    group = RayKills(bench)
    stack.callback(group.close)
    return group


def _studies(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.fuzz_studies import FuzzStudies

    return FuzzStudies(Workbench(folder, seed))


def _market(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.fuzz_market import FuzzMarket

    return FuzzMarket(Workbench(folder, seed))


def _folder(folder: Path, seed: int, _: ExitStack) -> Group:
    from benchmarks.reliability.fuzz_folder import FuzzFolder

    return FuzzFolder(Workbench(folder, seed))


GROUPS: dict[str, Callable[[Path, int, ExitStack], Group]] = {
    "local": _local,
    "concurrent": _concurrent,
    "full disk": _full_disk,
    "search": _search,
    "s3": _s3,
    "ray": _ray,
    "studies": _studies,
    "market": _market,
    "folder": _folder,
}

# Which groups follow each other in each of two processes, and their shares of the minutes.
LANES: dict[str, tuple[dict[str, float], ...]] = {
    "kills": ({"local": 0.65, "full disk": 0.2, "concurrent": 0.15}, {"ray": 0.45, "s3": 0.35, "search": 0.2}),
    "fuzz": ({"studies": 0.35, "market": 0.65}, {"folder": 1.0}),
}
