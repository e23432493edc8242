"""Runs kept at an S3 URL: killed, or with a server that is stopped, slow, or answers wrongly."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path
from random import Random

from benchmarks.reliability.case import LOST, SAME, Case
from benchmarks.reliability.local_kills import wait_and_kill
from benchmarks.reliability.processes import PATIENCE, Ended
from benchmarks.reliability.s3_server import BUCKET, FAULTS, OK, STOPPED, S3Server
from benchmarks.reliability.trap import SIGNALS, Trap, read_state
from benchmarks.reliability.workbench import Workbench, fault_of, fault_of_results

# Variants in a piece: every tile is uploaded by itself.
PIECE = 24


class S3Kills:
    """One or two disturbed runs in a row, then the same command to its end with a server that works."""

    group = "s3"

    def __init__(self, bench: Workbench, server: S3Server) -> None:
        self._bench, self._server = bench, server
        import s3fs  # noqa: F401 - imported once for all forks

        bench.warm_up(verdict=False)
        self._expected = bench.undisturbed(verdict=False)
        place = bench.place(f"{self.group}-undisturbed")
        began = time.monotonic()
        ended = self._start(place, f"s3://{BUCKET}/undisturbed", 0).ended()
        self._seconds = time.monotonic() - began
        if ended.code:
            raise RuntimeError(f"the undisturbed run failed: {ended.errors}")
        self._changes = read_state(place / "state").changes

    def _start(self, place: Path, url: str, number: int, at: int = 0, how: str = "SIGKILL"):  # type: ignore[no-untyped-def]
        temporary = place / f"tmp-{number}"
        temporary.mkdir(parents=True)
        trap = Trap(str(temporary), str(place / "state"), at, how)
        environment = self._server.environment | {"TMPDIR": str(temporary)}
        return self._bench.start(self._bench.command(url), place / f"log-{number}", trap, environment=environment)

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        place = bench.place(f"{self.group}-{number}")
        case = Case(self.group, number, "", kept=str(place))
        url = f"s3://{BUCKET}/case-{number}"
        disturbances = rng.choice((1, 2))
        for each in range(disturbances):
            if rng.random() < 0.55:
                ended, what = self._kill(rng, place, url, each)
                codes = (0, -signal.Signals[what.split()[0]], *((130,) if "SIGKILL" not in what else ()))
            else:
                ended, what = self._bad_server(rng, place, url, each)
                codes = (0, 2, 3)
            case.what += (", " if case.what else "") + what
            case.phases.append(read_state(place / "state").phase if ended.code else "ended before")
            case.verdict, case.detail = fault_of(ended, codes)
            if case.fault:
                return case
        ended = self._start(place, url, disturbances).ended()
        case.verdict, case.detail = fault_of(ended, (0,))
        if not case.fault:
            case.verdict, case.detail = self._fault_of_bucket(place, number)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
            self._server.empty(f"case-{number}")
        return case

    def _kill(self, rng: Random, place: Path, url: str, number: int) -> tuple[Ended, str]:
        how = rng.choice(SIGNALS)
        at = rng.randint(1, self._changes) if rng.random() < 0.4 else 0
        process = self._start(place, url, number, at, how)
        if not at:
            wait_and_kill(process, rng.uniform(0.0, self._seconds), how)
        return process.ended(), f"{how} at " + (f"change {at}" if at else "a moment")

    def _bad_server(self, rng: Random, place: Path, url: str, number: int) -> tuple[Ended, str]:
        """The server misbehaves from some moment on, for a while or until the run has ended."""
        how, share = rng.choice(FAULTS), rng.choice((0.2, 0.5, 1.0))
        lasting = rng.choice((0.5, 2.0, PATIENCE))
        process = self._start(place, url, number)
        until = time.monotonic() + rng.uniform(0.0, self._seconds) * rng.choice((0, 1))
        while time.monotonic() < until and process.running():
            time.sleep(0.002)
        self._server.behave(how, share)
        until = time.monotonic() + lasting
        while time.monotonic() < until and process.running():
            time.sleep(0.002)
        if process.running():
            self._server.behave(OK)
        try:
            ended = process.ended(2 * PATIENCE)
        finally:
            self._server.behave(OK)
        requests = "" if how == STOPPED else f" for {share:.0%} of the requests"
        return ended, f"server {how}{requests} " + (f"for {lasting} s" if lasting < PATIENCE else "to the end")

    def _fault_of_bucket(self, place: Path, number: int) -> tuple[str, str]:
        there = place / "bucket"
        self._server.download(f"case-{number}", there)
        if not there.exists():
            return LOST, "nothing is in the bucket"
        verdict, detail = fault_of_results(there, self._expected)
        scratch = [path.name for folder in place.glob("tmp-*") for path in folder.glob("gridproof-*")]
        if verdict == SAME and len(scratch) > number_of_kills(place):
            return LOST, f"scratch folders are left: {', '.join(scratch)}"
        return verdict, detail


def number_of_kills(place: Path) -> int:
    """Runs that were started and may have been killed, which leaves their scratch folder; the last one was not."""
    return len(list(place.glob("log-*.err"))) - 1
