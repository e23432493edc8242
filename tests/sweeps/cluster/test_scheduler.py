"""The scheduler: no piece is lost, none is done twice; and the size of batches."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.sweeps.cluster.scheduler import DEATHS, Scheduler, batch_pieces


@settings(max_examples=80)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["done", "lost", "died"])), max_size=400),
)
def test_no_piece_is_lost_and_none_is_done_twice(lengths: list[int], events: list[tuple[int, str]]) -> None:
    missing, low = [], 0
    for length in lengths:
        missing.append((low, low + length))
        low += length + 1
    wanted = {number for begin, end in missing for number in range(begin, end)}
    scheduler, done, given_up, deaths = Scheduler(missing), [], set(), {}
    for most, event in [*events, *[(9, "done")] * len(wanted)]:
        batch = scheduler.take(most)
        if batch is None:
            break
        inside = range(batch.low, batch.high)
        if event == "done":
            done += inside
            continue
        for number in inside if event == "died" else ():
            deaths[number] = deaths.get(number, 0) + 1
        if not scheduler.give_back(batch, event == "died"):
            given_up |= set(inside)
    assert scheduler.left == 0
    assert len(done) == len(set(done))
    assert set(done) | given_up == wanted
    assert not set(done) & given_up
    assert given_up == {number for number, count in deaths.items() if count == DEATHS}


def test_batches_grow_with_speed_and_with_the_drivers_cost_and_shrink_towards_the_end() -> None:
    assert batch_pieces(None, 0.0, 10**6, 4) == 1
    assert batch_pieces(0.1, 0.001, 10**6, 4) == 50
    assert batch_pieces(10.0, 0.001, 10**6, 4) == 1
    assert batch_pieces(0.1, 0.05, 10**7, 1000) == 2000  # 200 s a tile keep the driver a quarter busy
    assert batch_pieces(0.1, 0.001, 40, 4) == 5
    assert batch_pieces(0.1, 0.001, 1, 4) == 1
