"""The compiled scan of a product: days are summarised once for all variants that do the same in them.

Time is cut into leaves of four days; two neighbours make a node, up to a block of ``4 · 2^top`` days. Within a node,
paths of one signal that agree are one class; every combination of classes, one of each signal, has one entry: the sums
and the shape of the NAV over those days. An entry of a node is the join of two entries below; a variant is the join of
one entry of each block. Where a rule may hold, an entry has a version for each allocation held before.

Which joins make a variant depends on the days alone, never on what else is in the product, so a variant has the same
bits in every product. What is compiled stands in this file (but for an instruction), because Numba's cache watches
only it.

An entry is a cache line of eight sums (log NAV, the powers 1 to 4 of r − centre, downside squares, turnover, and counts
packed into the 53 bits of a float64: switches, days in allocation 0, 1, …, all but the last) and half a line of shape:
highest and lowest log NAV and deepest fall since its begin, and, as uint64, the allocation of its first day and, from
bit 8 on, of its last. What the switch into its first day costs is not in it, since that depends on what was held
before: it stands in ``charges`` (D + 1, A, A, 8), whose last day charges nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_thread_id, njit, prange

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.lanes import add_four, add_lanes
from gridproof.kernels.metrics import FLAT, LEVEL

LEAF = 4
SUMS = 8
SHAPE = 4

_SUMS = np.uint64(SUMS)
_SHAPE = np.uint64(SHAPE)
_MARK = np.uint64(3)  # where in the shape the allocations stand
_HELD = np.uint64(8)


@njit(parallel=True, cache=True, error_model="numpy")
def classify(
    planes: Words,
    members: Array,
    places: Ints,
    bits: Ints,
    chunks: Ints,
    spans: Ints,
    delay: int,
    nodes: Ints,
    classes: Array,
    kids: Array,
    keys: Words,
    counts: Ints,
) -> None:
    """The classes of every node.

    members: (P, most bits) plane rows of the paths of all signals. places, bits: (signals, most bits), (signals,) which
    bits of the code they are. chunks: (C, 3) signal, first and past-last member. spans: (K, 2) return days. nodes:
    (K, levels + 1) the first node of each level and the past-last of all. Written: classes (N·P,) of each path, and of
    each class the two below it, kids (N·P, 2), and its codes, keys (N·P,), of four days in a leaf, else of the first;
    counts (C, N). A chunk's part begins at N · its first member; there node n begins at n · its members.
    """
    total, levels = counts.shape[1], nodes.shape[1] - 1
    for chunk in prange(len(chunks)):
        signal, low, high = chunks[chunk]
        paths = high - low
        size = 64
        while size < 4 * paths:
            size *= 2
        slots = np.zeros(size, dtype=np.int64)
        stamps = np.full(size, -1, dtype=np.int64)
        seen = np.empty(paths, dtype=np.uint64)
        head = np.empty(paths, dtype=np.uint64)
        order = np.empty((2, paths), dtype=np.int64)
        begin = total * low
        for span in range(len(spans)):
            last = spans[span, 1] - 1 + delay
            for node in range(nodes[span, 0], nodes[span, 1]):
                at = begin + node * paths
                first = spans[span, 0] + delay + (node - nodes[span, 0]) * LEAF
                for path in range(paths):
                    code = np.uint64(0)
                    for bit in range(bits[signal]):
                        code |= _spread(planes[members[low + path, bit]], first, last) << np.uint64(places[signal, bit])
                    seen[path] = code
                counts[chunk, node] = _number(seen, seen, node, slots, stamps, order, classes[at : at + paths])
                for path in range(paths):
                    keys[at + classes[at + path]] = seen[path]
            for level in range(1, levels):
                for node in range(nodes[span, level], nodes[span, level + 1]):
                    below = nodes[span, level - 1] + 2 * (node - nodes[span, level])
                    at, left = begin + node * paths, begin + below * paths
                    right = left + paths
                    wide = np.uint64(counts[chunk, below + 1])
                    for path in range(paths):
                        seen[path] = np.uint64(classes[left + path]) * wide + np.uint64(classes[right + path])
                        head[path] = keys[left + classes[left + path]]
                    counts[chunk, node] = _number(seen, head, node, slots, stamps, order, classes[at : at + paths])
                    for path in range(paths):
                        one = at + classes[at + path]
                        kids[one, 0] = classes[left + path]
                        kids[one, 1] = classes[right + path]
                        keys[one] = head[path] & np.uint64(0xFFFF)


@njit(cache=True, error_model="numpy")
def _spread(plane: Words, first: int, last: int) -> Any:
    """The states of four days from ``first`` on, 16 bits apart; days past ``last`` are as that."""
    answer = np.uint64(0)
    for day in range(LEAF):
        at = np.uint64(min(first + day, last))
        state = (plane[at >> np.uint64(6)] >> (at & np.uint64(63))) & np.uint64(1)
        answer |= state << np.uint64(16 * day)
    return answer


@njit(cache=True, error_model="numpy")
def _number(seen: Words, head: Words, stamp: int, slots: Ints, stamps: Ints, order: Ints, classes: Array) -> int:
    """Number distinct values; answers how many. ``stamps`` tell which slots are of this call.

    Values of one first day's code stand together, since they behave alike in the loops that follow.
    """
    mask = np.uint64(len(slots) - 1)
    count = 0
    same = True
    for path in range(len(seen)):
        value = seen[path]
        slot = value & mask if value <= mask else (value * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & mask
        while True:
            if stamps[slot] != stamp:
                stamps[slot] = stamp
                slots[slot] = path
                classes[path] = count
                order[0, count] = head[path] & np.uint64(0xFFFF)
                same &= order[0, count] == order[0, 0]
                count += 1
                break
            if seen[slots[slot]] == value:
                classes[path] = classes[slots[slot]]
                break
            slot = (slot + np.uint64(1)) & mask
    if same:
        return count
    order[1, :count] = -1
    place = 0
    for one in range(count):
        if order[1, one] < 0:
            for other in range(one, count):
                if order[0, other] == order[0, one]:
                    order[1, other] = place
                    place += 1
    for path in range(len(seen)):
        classes[path] = order[1, classes[path]]
    return count


@njit(parallel=True, cache=True, error_model="numpy")
def sweep(
    units: Ints,
    chunks: Ints,
    spans: Ints,
    delay: int,
    segments: Ints,
    nodes: Ints,
    classes: Array,
    kids: Array,
    keys: Words,
    counts: Ints,
    rule: Words,
    held: Array,
    start: int,
    day_sums: Floats,
    day_shapes: Floats,
    charges: Floats,
    field: int,
    constant: Floats,
    centre: float,
    lengths: Ints,
    periods: float,
    risk_free: float,
    invested: Floats,
    strides: Ints,
    all_sums: Floats,
    all_shapes: Floats,
    all_offsets: Array,
    room: int,
    result: Floats,
) -> None:
    """Evaluate units of a product.

    units: (U, signals) a chunk of each signal, the last varies fastest within a unit. segments: (K,) which segment a
    span is, −1 for days before the first. rule: (A, codes). held: (codes,) whether the rule's answer depends on what
    was held. day_sums, day_shapes: entries of single days (D + 1, A), the last of no day. field: bits of a count.
    constant: (S, A, 12 + A) metrics of holding throughout. strides: (signals, 2) from one path to the next in
    ``result`` (J, S, 12 + A), and the first member of the signal. all_sums, all_shapes, all_offsets: for each thread,
    memory. room: entries of blocks that are kept before the variants walk through them. The rest see ``classify``.
    """
    signals = units.shape[1]
    inner = signals - 1
    allocations = np.uint64(len(invested))
    levels = nodes.shape[1] - 1
    total = counts.shape[1]
    most = (nodes[:, levels] - nodes[:, levels - 1]).max()
    none = np.uint64(len(day_shapes)) // (allocations * _SHAPE) - np.uint64(1)
    for unit in prange(len(units)):
        thread = get_thread_id()
        sums, shapes, offsets = all_sums[thread], all_shapes[thread], all_offsets[thread]
        marks = shapes.view(np.uint64)
        sizes = np.empty(signals, dtype=np.int64)
        begins = np.empty(signals, dtype=np.int64)
        digits = np.zeros(signals, dtype=np.int64)
        sorts = np.empty(signals, dtype=np.int64)
        rows = np.empty((most, 3), dtype=np.uint64)
        tables = np.empty((levels, 2, 2), dtype=np.uint64)
        many = 1
        for signal in range(signals):
            low, high = chunks[units[unit, signal], 1], chunks[units[unit, signal], 2]
            sizes[signal] = high - low
            begins[signal] = total * low
            many *= high - low
        outers = many // sizes[inner]
        # Memory: what each variant has come to, two tables a level, then the entries of the blocks.
        worst = np.uint64(many) * allocations
        for level in range(levels):
            for side in range(2):
                number = np.uint64(min(2 * level + side, 2 * levels - 2))
                tables[level, side, 0] = np.uint64(many) + number * worst
                tables[level, side, 1] = number * np.uint64(many)
        blocks_at, offsets_at = tables[levels - 1, 0]
        for variant in range(many):
            code = np.uint64(0)
            for signal in range(signals):
                at = begins[signal] + nodes[0, 0] * sizes[signal]
                code |= keys[at + classes[at + digits[signal]]]
            standing = np.uint64(start) if segments[0] < 0 else rule[start, code & np.uint64(0xFFFF)]
            marks[np.uint64(variant) * _SHAPE + _MARK] = standing << _HELD
            _advance(digits, sizes, signals)
        for span in range(len(spans)):
            free = segments[span] < 0
            first, end = np.uint64(spans[span, 0]), np.uint64(spans[span, 1])
            for variant in range(many):
                sums[variant * SUMS : variant * SUMS + SUMS] = 0.0
                shapes[variant * SHAPE : variant * SHAPE + 3] = 0.0
            tip = nodes[span, levels - 1]
            blocks = nodes[span, levels] - tip
            block = 0
            while block < blocks:
                group = block
                used = used_offsets = np.uint64(0)
                while block < blocks:
                    combinations = 1
                    for signal in range(signals):
                        combinations *= counts[units[unit, signal], tip + block]
                    if used > 0 and used + np.uint64(combinations) * allocations > np.uint64(room):
                        break
                    for leaf in range(block << (levels - 1), (block + 1) << (levels - 1)):
                        level, index = 0, leaf
                        while True:
                            node = nodes[span, level] + index
                            last = level == levels - 1
                            out, out_offsets = tables[level, 0 if last else index & 1]
                            shift = np.uint64(0)
                            if last:
                                out, out_offsets, shift = out + used, out_offsets + used_offsets, used
                            if level == 0:
                                made = _leaves(
                                    node, begins, sizes, counts, units[unit], keys, digits, sorts, rule, held, day_sums,
                                    day_shapes, charges, first + np.uint64(leaf * LEAF), end, free, allocations, sums,
                                    shapes, marks, offsets, out, out_offsets, shift, none,
                                )  # fmt: skip
                            else:
                                middle = first + np.uint64(((2 * index + 1) << (level - 1)) * LEAF)
                                made = _combine(
                                    node, nodes[span, level - 1] + 2 * index, begins, sizes, counts, units[unit], kids,
                                    keys, digits, sorts, held, charges, none if free or middle >= end else middle,
                                    allocations, sums, shapes, marks, offsets, tables[level - 1], out, out_offsets,
                                    shift,
                                )  # fmt: skip
                            if last:
                                used += made
                                used_offsets += np.uint64(combinations)
                            if last or (index & 1) == 0:
                                break
                            level += 1
                            index >>= 1
                    block += 1
                _walk(
                    group, block, tip, outers, begins, sizes, counts, units[unit], classes, digits, charges, none,
                    first, np.uint64(LEAF << (levels - 1)), free, allocations, sums, shapes, marks, offsets,
                    blocks_at, offsets_at, rows,
                )  # fmt: skip
            if not free:
                digits[:] = 0
                for variant in range(many):
                    job = 0
                    for signal in range(signals):
                        place = chunks[units[unit, signal], 1] - strides[signal, 1] + digits[signal]
                        job += place * strides[signal, 0]
                    _advance(digits, sizes, signals)
                    _finish(
                        sums[variant * SUMS : variant * SUMS + SUMS], shapes[variant * SHAPE + 2],
                        lengths[segments[span]], field, centre, periods, risk_free, invested, constant[segments[span]],
                        result[job, segments[span]],
                    )  # fmt: skip


@njit(cache=True, error_model="numpy", inline="always")
def _join(
    sums: Floats, shapes: Floats, marks: Words, out: int, left: int, other_sums: Floats, other_shapes: Floats,
    other_marks: Words, right: int, charges: Floats, charge: int,
) -> None:  # fmt: skip
    """out = left, then right (of other), whose first day is charged ``charge``. out may be left."""
    one, two, three = out * _SHAPE, left * _SHAPE, right * _SHAPE
    base = sums[left * _SUMS] + charges[charge * _SUMS]
    highest, lowest, deepest = shapes[two], shapes[two + np.uint64(1)], shapes[two + np.uint64(2)]
    high, low = base + other_shapes[three], base + other_shapes[three + np.uint64(1)]
    inside = other_shapes[three + np.uint64(2)]
    across = highest - low
    mark = (marks[two + _MARK] & np.uint64(255)) | (other_marks[three + _MARK] & ~np.uint64(255))
    add_lanes(sums, out * _SUMS, sums, left * _SUMS, other_sums, right * _SUMS, charges, charge * _SUMS)
    deepest = deepest if deepest > inside else inside
    shapes[one] = highest if highest > high else high
    shapes[one + np.uint64(1)] = lowest if lowest < low else low
    shapes[one + np.uint64(2)] = deepest if deepest > across else across
    marks[one + _MARK] = mark


@njit(cache=True, error_model="numpy")
def _leaves(
    node: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, keys: Words, digits: Ints, sorts: Ints,
    rule: Words, held: Array, day_sums: Floats, day_shapes: Floats,
    charges: Floats, first: int, end: int, free: bool, allocations: int,
    sums: Floats, shapes: Floats, marks: Words, offsets: Array, out: Any, out_offsets: Any, shift: Any, none: Any,
) -> Any:  # fmt: skip
    """The table of a leaf. Answers how many entries it has."""
    inner = len(sizes) - 1
    rows = 1
    for signal in range(inner):
        digits[signal] = 0
        sorts[signal] = counts[unit[signal], node]
        rows *= sorts[signal]
    wide = counts[unit[inner], node]
    columns = begins[inner] + node * sizes[inner]
    day_marks = day_shapes.view(np.uint64)
    made = np.uint64(0)
    for _ in range(rows):
        row = np.uint64(0)
        for signal in range(inner):
            row |= keys[begins[signal] + node * sizes[signal] + digits[signal]]
        for column in range(columns, columns + wide):
            codes = row | keys[column]
            several = held[codes & np.uint64(0xFFFF)]
            offsets[out_offsets] = ((shift + made) << np.uint64(1)) | np.uint64(several)
            out_offsets += np.uint64(1)
            for version in range(allocations if several else np.uint64(1)):
                at = out + made
                made += np.uint64(1)
                current = rule[version, codes & np.uint64(0xFFFF)]
                source = (none if free or first >= end else first) * allocations + current
                for lane in range(_SUMS):
                    sums[at * _SUMS + lane] = day_sums[source * _SUMS + lane]
                for lane in range(_SHAPE):
                    shapes[at * _SHAPE + lane] = day_shapes[source * _SHAPE + lane]
                for later in range(np.uint64(1), np.uint64(LEAF)):
                    before = current
                    current = rule[current, (codes >> (np.uint64(16) * later)) & np.uint64(0xFFFF)]
                    day = none if free or first + later >= end else first + later
                    source = day * allocations + current
                    charge = (day * allocations + before) * allocations + current
                    _join(sums, shapes, marks, at, at, day_sums, day_shapes, day_marks, source, charges, charge)
        _advance(digits, sorts, inner)
    return made


@njit(cache=True, error_model="numpy")
def _combine(
    node: int, below: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, kids: Array, keys: Words, digits: Ints,
    sorts: Ints, held: Array, charges: Floats, middle: Any, allocations: Any, sums: Floats, shapes: Floats,
    marks: Words, offsets: Array, tables: Words, out: Any, out_offsets: Any, shift: Any,
) -> Any:  # fmt: skip
    """The table of a node from the two below, whose ``tables`` (2, 2) begin there. Answers how many entries it has."""
    inner = len(sizes) - 1
    rows = 1
    for signal in range(inner):
        digits[signal] = 0
        sorts[signal] = counts[unit[signal], node]
        rows *= sorts[signal]
    left, right = tables[0, 0], tables[1, 0]
    boundary = middle * allocations * allocations
    wide = counts[unit[inner], node]
    left_wide = np.uint64(counts[unit[inner], below])
    right_wide = np.uint64(counts[unit[inner], below + 1])
    columns = begins[inner] + node * sizes[inner]
    made = np.uint64(0)
    for _ in range(rows):
        head, left_row, right_row = np.uint64(0), np.uint64(0), np.uint64(0)
        for signal in range(inner):
            one = begins[signal] + node * sizes[signal] + digits[signal]
            head |= keys[one]
            left_row = left_row * np.uint64(counts[unit[signal], below]) + np.uint64(kids[one, 0])
            right_row = right_row * np.uint64(counts[unit[signal], below + 1]) + np.uint64(kids[one, 1])
        left_row = tables[0, 1] + left_row * left_wide
        right_row = tables[1, 1] + right_row * right_wide
        for column in range(columns, columns + wide):
            several = held[head | keys[column]]
            offsets[out_offsets] = ((shift + made) << np.uint64(1)) | np.uint64(several)
            out_offsets += np.uint64(1)
            begin = left + (np.uint64(offsets[left_row + np.uint64(kids[column, 0])]) >> np.uint64(1))
            second = np.uint64(offsets[right_row + np.uint64(kids[column, 1])])
            depends = np.uint64(0) - (second & np.uint64(1))
            second >>= np.uint64(1)
            for version in range(allocations if several else np.uint64(1)):
                holding = marks[(begin + version) * _SHAPE + _MARK] >> _HELD
                after = right + second + (holding & depends)
                charge = boundary + holding * allocations + (marks[after * _SHAPE + _MARK] & np.uint64(255))
                _join(
                    sums, shapes, marks, out + made, begin + version, sums, shapes, marks, after, charges, charge
                )  # fmt: skip
                made += np.uint64(1)
        _advance(digits, sorts, inner)
    return made


@njit(cache=True, error_model="numpy")
def _advance(digits: Ints, sizes: Ints, signals: int) -> None:
    """The next combination of the first ``signals`` digits, the last of them fastest; after the last, the first."""
    for signal in range(signals - 1, -1, -1):
        digits[signal] += 1
        if digits[signal] < sizes[signal]:
            break
        digits[signal] = 0


@njit(cache=True, error_model="numpy")
def _walk(
    group: int, until: int, tip: int, outers: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints,
    classes: Array, digits: Ints, charges: Floats, none: int, first: int, length: int, free: bool, allocations: int,
    sums: Floats, shapes: Floats, marks: Words, offsets: Array, blocks_at: Any, offsets_at: Any, rows: Words,
) -> None:  # fmt: skip
    """Join blocks [group, until) to every variant of the unit: there, high is the running peak, low is not used."""
    inner = len(sizes) - 1
    wide = sizes[inner]
    variant = np.uint64(0)
    for signal in range(inner):
        digits[signal] = 0
    for _ in range(outers):
        table = offsets_at
        for block in range(group, until):
            node = tip + block
            row, combinations = 0, 1
            for signal in range(inner):
                at = begins[signal] + node * sizes[signal]
                row = row * counts[unit[signal], node] + classes[at + digits[signal]]
                combinations *= counts[unit[signal], node]
            columns = counts[unit[inner], node]
            rows[block - group, 0] = table + np.uint64(row * columns)
            rows[block - group, 1] = (none if free else first + np.uint64(block) * length) * allocations * allocations
            rows[block - group, 2] = begins[inner] + node * wide
            table += np.uint64(combinations * columns)
        block = 0
        while block + 4 <= until - group:
            for place in range(np.uint64(wide)):
                one = variant + place
                shape = one * _SHAPE
                log, peak, fall = sums[one * _SUMS], shapes[shape], shapes[shape + np.uint64(2)]
                holding = marks[shape + _MARK] >> _HELD
                after_0, charge_0, log, peak, fall, holding = _step(
                    rows, block, place, classes, offsets, blocks_at, sums, shapes, marks, charges, allocations, log,
                    peak, fall, holding,
                )  # fmt: skip
                after_1, charge_1, log, peak, fall, holding = _step(
                    rows, block + 1, place, classes, offsets, blocks_at, sums, shapes, marks, charges, allocations, log,
                    peak, fall, holding,
                )  # fmt: skip
                after_2, charge_2, log, peak, fall, holding = _step(
                    rows, block + 2, place, classes, offsets, blocks_at, sums, shapes, marks, charges, allocations, log,
                    peak, fall, holding,
                )  # fmt: skip
                after_3, charge_3, log, peak, fall, holding = _step(
                    rows, block + 3, place, classes, offsets, blocks_at, sums, shapes, marks, charges, allocations, log,
                    peak, fall, holding,
                )  # fmt: skip
                add_four(
                    sums, one * _SUMS, sums, after_0, after_1, after_2, after_3, charges, charge_0, charge_1, charge_2,
                    charge_3,
                )  # fmt: skip
                shapes[shape], shapes[shape + np.uint64(2)], marks[shape + _MARK] = peak, fall, holding << _HELD
            block += 4
        while block < until - group:
            for place in range(np.uint64(wide)):
                one = variant + place
                shape = one * _SHAPE
                log, peak, fall = sums[one * _SUMS], shapes[shape], shapes[shape + np.uint64(2)]
                holding = marks[shape + _MARK] >> _HELD
                after, charge, log, peak, fall, holding = _step(
                    rows, block, place, classes, offsets, blocks_at, sums, shapes, marks, charges, allocations, log,
                    peak, fall, holding,
                )  # fmt: skip
                add_lanes(sums, one * _SUMS, sums, one * _SUMS, sums, after, charges, charge)
                shapes[shape], shapes[shape + np.uint64(2)], marks[shape + _MARK] = peak, fall, holding << _HELD
            block += 1
        variant += np.uint64(wide)
        _advance(digits, sizes, inner)


@njit(cache=True, error_model="numpy")
def _step(
    rows: Words, block: int, place: int, classes: Array, offsets: Array, blocks_at: int, sums: Floats,
    shapes: Floats, marks: Words, charges: Floats, allocations: int, log: float, peak: float, fall: float, holding: int,
) -> tuple[Any, Any, float, float, float, Any]:  # fmt: skip
    """A variant into its next block: where its sums and its charge begin, then what the variant has come to."""
    entry = np.uint64(offsets[rows[block, 0] + np.uint64(classes[rows[block, 2] + place])])
    after = blocks_at + (entry >> np.uint64(1)) + (holding & (np.uint64(0) - (entry & np.uint64(1))))
    there = after * _SHAPE
    mark = marks[there + _MARK]
    charge = (rows[block, 1] + holding * allocations + (mark & np.uint64(255))) * _SUMS
    after *= _SUMS
    base = log + charges[charge]
    across = peak - (base + shapes[there + np.uint64(1)])
    inside = shapes[there + np.uint64(2)]
    high = base + shapes[there]
    fall = fall if fall > inside else inside
    fall = fall if fall > across else across
    peak = peak if peak > high else high
    return after, charge, base + sums[after], peak, fall, mark >> _HELD


@njit(cache=True, error_model="numpy")
def _finish(
    sums: Floats, fall: float, length: int, field: int, centre: float, periods: float, risk_free: float,
    invested: Floats, constant: Floats, result: Floats,
) -> None:  # fmt: skip
    """The metrics of one segment from its sums about ``centre``: ``metrics.measure_returns`` in closed form."""
    legs = len(invested)
    rest = length
    packed: Any = np.int64(sums[7])
    result[9] = packed & ((1 << field) - 1)
    for leg in range(legs - 1):
        packed >>= field
        count = packed & ((1 << field) - 1)
        result[12 + leg] = count
        rest -= count
    result[11 + legs] = rest
    if result[9] == 0.0:
        # All in one allocation: its own metrics, whose moments are about its own mean.
        for allocation in range(legs):
            if result[12 + allocation] == length:
                result[:] = constant[allocation]
        return
    days = float(length)
    log = sums[0]
    offset = sums[1] / days
    square, cube, fourth = sums[2] / days, sums[3] / days, sums[4] / days
    downside = sums[5]
    mean = offset + centre
    spread = square - offset * offset
    variance = spread * days / (days - 1.0) if length > 1 else np.nan
    flat = not variance > FLAT * (spread + mean * mean)
    fall = fall if fall > LEVEL else 0.0
    excess = mean * periods - risk_free
    result[0] = np.expm1(log)
    result[1] = np.expm1(log * periods / days)
    result[2] = np.nan if length == 1 else (0.0 if flat else np.sqrt(variance * periods))
    result[3] = np.nan if flat else excess / result[2]
    result[4] = excess / np.sqrt(downside / days * periods) if downside > 0.0 else np.nan
    result[5] = np.expm1(-fall)
    result[6] = result[1] / -result[5] if fall > 0.0 else np.nan
    result[7] = np.nan
    result[8] = np.nan
    if not flat:
        third = cube - 3.0 * offset * square + 2.0 * offset**3
        result[7] = third / (spread * np.sqrt(spread))
        result[8] = (fourth - 4.0 * offset * cube + 6.0 * offset**2 * square - 3.0 * offset**4) / spread**2
    result[10] = sums[6] * periods / days
    result[11] = 0.0
    for allocation in range(legs):
        result[12 + allocation] /= days
        result[11] += result[12 + allocation] * invested[allocation]
