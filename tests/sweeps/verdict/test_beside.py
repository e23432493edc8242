"""Work beside the caller: the same results in order, errors where the result is asked for."""

from __future__ import annotations

import threading

import pytest

from gridproof.sweeps.verdict import beside as module
from gridproof.sweeps.verdict.beside import Beside


@pytest.mark.parametrize("threads", [1, 2])
def test_results_and_errors_come_where_they_are_asked_for(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "thread_count", lambda: threads)
    with Beside() as beside:
        found = [beside.start(lambda number=number: number**2) for number in range(5)]
        fault = beside.start(lambda: 1 // 0)
        where = beside.start(threading.get_ident)
        assert [one() for one in found] == [0, 1, 4, 9, 16]
        with pytest.raises(ZeroDivisionError):
            fault()
        assert (where() == threading.get_ident()) == (threads == 1)


def test_what_has_not_begun_is_left_out_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "thread_count", lambda: 2)
    begun, go_on, ran = threading.Event(), threading.Event(), list[int]()

    def first() -> None:
        begun.set()
        go_on.wait(60)

    def interrupted() -> None:
        with Beside() as beside:
            beside.start(first)
            beside.start(lambda: ran.append(1))
            begun.wait(60)
            threading.Timer(0.05, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ran == []
