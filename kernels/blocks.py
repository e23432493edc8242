"""The compiled scan of a product: days are summarised once for all variants that do the same in them.

Time is cut into leaves of four days; two neighbours make a node, up to a block of ``4 · 2^top`` days. Within a node,
paths of one signal that agree are one class; every combination of classes, one of each signal, has one entry: the sums
and the shape of the NAV over those days. An entry of a node is the join of two entries below; a variant is the join of
one entry of each block. Where a rule may hold, an entry has a version for each allocation held before.

Which joins make a variant depends on the days alone, never on what else is in the product, so a variant has the same
bits in every product. What is compiled stands in this file (but for an instruction), because Numba's cache watches
only it.

An entry is ``stride`` float64. ``sums`` lanes add: log NAV, the powers 1 to 4 of r − centre, downside squares,
turnover, then counts, three to a float64 (switches, days in allocation 0, 1, …, all but the last). Then the highest
and the lowest log NAV and the deepest fall since its begin, and, as uint64, the allocation of its first day and, from
bit 8 on, of its last. What the switch into its first day costs is not in it, since that depends on what was held
before: it stands in ``charges`` (D + 1, A, A, sums), whose last day charges nothing.
"""

from __future__ import annotations

import numpy as np
from numba import get_thread_id, njit, prange

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.lanes import add_lanes
from gridproof.kernels.metrics import FLAT, LEVEL

LEAF = 4
FIELD = 17  # bits of a count: three to the 53 of a float64


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
                counts[chunk, node] = _number(seen, node, slots, stamps, classes[at : at + paths])
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
                    counts[chunk, node] = _number(seen, node, slots, stamps, classes[at : at + paths])
                    for path in range(paths):
                        one = at + classes[at + path]
                        kids[one, 0] = classes[left + path]
                        kids[one, 1] = classes[right + path]
                        keys[one] = keys[left + classes[left + path]] & np.uint64(0xFFFF)


@njit(cache=True, error_model="numpy")
def _spread(plane: Words, first: int, last: int) -> int:
    """The states of four days from ``first`` on, 16 bits apart; days past ``last`` are as that."""
    answer = np.uint64(0)
    for day in range(LEAF):
        at = np.uint64(min(first + day, last))
        state = (plane[at >> np.uint64(6)] >> (at & np.uint64(63))) & np.uint64(1)
        answer |= state << np.uint64(16 * day)
    return answer


@njit(cache=True, error_model="numpy")
def _number(seen: Words, stamp: int, slots: Ints, stamps: Ints, classes: Array) -> int:
    """Number distinct values in order of appearance; answers how many. ``stamps`` tell which slots are of this call."""
    mask = np.uint64(len(slots) - 1)
    count = 0
    for path in range(len(seen)):
        value = seen[path]
        slot = value & mask if value <= mask else (value * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & mask
        while True:
            if stamps[slot] != stamp:
                stamps[slot] = stamp
                slots[slot] = path
                classes[path] = count
                count += 1
                break
            if seen[slots[slot]] == value:
                classes[path] = classes[slots[slot]]
                break
            slot = (slot + np.uint64(1)) & mask
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
    days: Floats,
    charges: Floats,
    sums: int,
    constant: Floats,
    centre: float,
    lengths: Ints,
    periods: float,
    risk_free: float,
    invested: Floats,
    strides: Ints,
    space: Floats,
    marks: Words,
    offsets: Array,
    room: int,
    result: Floats,
) -> None:
    """Evaluate units of a product.

    units: (U, signals) a chunk of each signal, the last varies fastest within a unit. segments: (K,) which segment a
    span is, −1 for days before the first. rule: (A, codes). held: (codes,) bool, whether the rule's answer depends on
    what was held. days: (D + 1, A, stride) entries of single days. constant: (S, A, 12 + A) metrics of holding
    throughout. strides: (signals,) from one path to the next in ``result`` (J, S, 12 + A); the rest see ``classify``.
    space, marks: (threads, floats), the same memory; offsets: (threads, …). ``room``: entries the blocks may take.
    """
    signals = units.shape[1]
    inner = signals - 1
    allocations = np.uint64(len(invested))
    levels = nodes.shape[1] - 1
    total = counts.shape[1]
    stride = np.uint64(sums + 4)
    none = np.uint64(len(days)) // (allocations * stride) - np.uint64(1)
    for unit in prange(len(units)):
        thread = get_thread_id()
        floats, words, offs = space[thread], marks[thread], offsets[thread]
        sizes = np.empty(signals, dtype=np.int64)
        begins = np.empty(signals, dtype=np.int64)
        digits = np.zeros(signals, dtype=np.int64)
        many = 1
        for signal in range(signals):
            low, high = chunks[units[unit, signal], 1], chunks[units[unit, signal], 2]
            sizes[signal] = high - low
            begins[signal] = total * low
            many *= high - low
        outers = many // sizes[inner]
        worst = many * len(invested)
        # Memory: what each variant has come to; two tables a level; the blocks' entries.
        slots = np.uint64(many) * stride
        table = np.uint64(worst) * stride
        blocks_at = slots + np.uint64(2 * (levels - 1)) * table
        offs_at = np.uint64(2 * (levels - 1)) * np.uint64(many)
        first_key = nodes[0, 0]
        for variant in range(many):
            rest, code = variant, np.uint64(0)
            for signal in range(inner, -1, -1):
                at = begins[signal] + first_key * sizes[signal]
                code |= keys[at + classes[at + rest % sizes[signal]]]
                rest //= sizes[signal]
            standing = np.uint64(start) if segments[0] < 0 else rule[start, code & np.uint64(0xFFFF)]
            words[np.uint64(variant) * stride + stride - np.uint64(1)] = standing << np.uint64(8)
        for span in range(len(spans)):
            if segments[span] >= 0:
                _clear(floats, many, stride)
            bottom, tip = nodes[span, 0], nodes[span, levels - 1]
            blocks = nodes[span, levels] - tip
            block = 0
            while block < blocks:
                used = np.uint64(0)
                used_offs = np.uint64(0)
                group = block
                while block < blocks and used + np.uint64(worst) <= np.uint64(room):
                    for leaf in range(block << (levels - 1), (block + 1) << (levels - 1)):
                        day = np.uint64(spans[span, 0] + leaf * LEAF)
                        free = segments[span] < 0
                        level, index = 0, leaf
                        combined = False
                        while True:
                            node = nodes[span, level] + index
                            last = level == levels - 1
                            if last:
                                out, out_offs = blocks_at + used * stride, offs_at + used_offs
                                shift = used
                            else:
                                side = np.uint64(2 * level + (index & 1))
                                out, out_offs = slots + side * table, side * np.uint64(many)
                                shift = np.uint64(0)
                            if not combined:
                                made = _leaves(
                                    node, begins, sizes, counts, units[unit], classes, keys, digits, rule, held, days,
                                    charges, np.uint64(spans[span, 0] + leaf * LEAF), np.uint64(spans[span, 1]), free,
                                    np.uint64(sums), allocations, floats, words, offs, out, out_offs, shift,
                                )  # fmt: skip
                            else:
                                left = np.uint64(2 * level - 2)
                                middle = np.uint64(spans[span, 0] + (((2 * index + 1) << (level - 1)) * LEAF))
                                if free or middle >= np.uint64(spans[span, 1]):
                                    middle = none
                                made = _combine(
                                    node, nodes[span, level - 1] + 2 * index, begins, sizes, counts, units[unit], kids,
                                    keys, digits, held, charges, middle, np.uint64(sums), allocations, floats, words,
                                    offs, slots + left * table, left * np.uint64(many),
                                    slots + (left + np.uint64(1)) * table, (left + np.uint64(1)) * np.uint64(many),
                                    out, out_offs, shift,
                                )  # fmt: skip
                            if last:
                                combos = 1
                                for signal in range(signals):
                                    combos *= counts[units[unit, signal], node]
                                used += np.uint64(made)
                                used_offs += np.uint64(combos)
                            if last or (index & 1) == 0:
                                break
                            level += 1
                            index >>= 1
                            combined = True
                    block += 1
                _walk(
                    group, block, tip, outers, begins, sizes, counts, units[unit], classes, digits, charges, none,
                    np.uint64(spans[span, 0]), np.uint64(LEAF << (levels - 1)), segments[span] < 0, np.uint64(sums),
                    allocations, floats, words, offs, blocks_at, offs_at,
                )  # fmt: skip
            if segments[span] >= 0:
                segment = segments[span]
                for signal in range(signals):
                    digits[signal] = 0
                for variant in range(many):
                    rest, job = variant, 0
                    for signal in range(inner, -1, -1):
                        job += (chunks[units[unit, signal], 1] - strides[signal, 1] + rest % sizes[signal]) * strides[
                            signal, 0
                        ]
                        rest //= sizes[signal]
                    _finish(
                        floats, variant * int(stride), sums, lengths[segment], centre, periods, risk_free,
                        invested, constant[segment], result[job, segment],
                    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _clear(floats: Floats, many: int, stride: int) -> None:
    """No days yet: all sums 0, peak and fall 0. What is held stays."""
    for variant in range(many):
        at = np.uint64(variant) * stride
        for lane in range(stride - np.uint64(1)):
            floats[at + lane] = 0.0


@njit(cache=True, error_model="numpy", inline="always")
def _join(
    floats: Floats, words: Words, out: int, left: int, source: Floats, marks: Words, right: int, charges: Floats,
    charge: int, sums: int,
) -> None:  # fmt: skip
    """out = left, then right, whose first day is charged ``charge``. out may be left."""
    shape = left + sums
    base = floats[left] + charges[charge]
    highest, lowest, deepest = floats[shape], floats[shape + np.uint64(1)], floats[shape + np.uint64(2)]
    there = right + sums
    high, low, inner = base + source[there], base + source[there + np.uint64(1)], source[there + np.uint64(2)]
    mark = (words[shape + np.uint64(3)] & np.uint64(255)) | (marks[there + np.uint64(3)] & ~np.uint64(255))
    for lane in range(np.uint64(0), sums, np.uint64(8)):
        add_lanes(floats, out + lane, floats, left + lane, source, right + lane, charges, charge + lane)
    shape = out + sums
    across = highest - low
    deepest = deepest if deepest > inner else inner
    floats[shape] = highest if highest > high else high
    floats[shape + np.uint64(1)] = lowest if lowest < low else low
    floats[shape + np.uint64(2)] = deepest if deepest > across else across
    words[shape + np.uint64(3)] = mark


@njit(cache=True, error_model="numpy")
def _leaves(
    node: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, classes: Array, keys: Words, digits: Ints,
    rule: Words, held: Array, days: Floats, charges: Floats, first: int, end: int, free: bool, sums: int,
    allocations: int, floats: Floats, words: Words, offs: Array, out: int, out_offs: int, shift: int,
) -> int:  # fmt: skip
    """The table of a leaf. Answers how many entries it has."""
    inner = len(sizes) - 1
    rows = 1
    for signal in range(inner):
        digits[signal] = 0
        rows *= counts[unit[signal], node]
    stride = sums + np.uint64(4)
    none = np.uint64(len(days)) // (allocations * stride) - np.uint64(1)
    square = allocations * allocations * sums
    wide = counts[unit[inner], node]
    inner_keys = begins[inner] + node * sizes[inner]
    marks = days.view(np.uint64)
    made = np.uint64(0)
    place = out_offs
    for _ in range(rows):
        row = np.uint64(0)
        for signal in range(inner):
            row |= keys[begins[signal] + node * sizes[signal] + digits[signal]]
        for column in range(wide):
            codes = row | keys[inner_keys + column]
            several = held[codes & np.uint64(0xFFFF)]
            offs[place] = ((shift + made) << np.uint64(1)) | np.uint64(several)
            place += np.uint64(1)
            for version in range(allocations if several else np.uint64(1)):
                at = out + made * stride
                made += np.uint64(1)
                current = rule[version, codes & np.uint64(0xFFFF)]
                day = none if free or first >= end else first
                source = (day * allocations + current) * stride
                for lane in range(stride):
                    floats[at + lane] = days[source + lane]
                # A day past the end has no allocation of its own; the mark is of what is held.
                words[at + stride - np.uint64(1)] = current | (current << np.uint64(8))
                for later in range(np.uint64(1), np.uint64(LEAF)):
                    before = current
                    current = rule[current, (codes >> (np.uint64(16) * later)) & np.uint64(0xFFFF)]
                    day = first + later
                    if free or day >= end:
                        words[at + stride - np.uint64(1)] &= np.uint64(255)
                        words[at + stride - np.uint64(1)] |= current << np.uint64(8)
                    else:
                        source = (day * allocations + current) * stride
                        charge = day * square + (before * allocations + current) * sums
                        _join(floats, words, at, at, days, marks, source, charges, charge, sums)
        for signal in range(inner - 1, -1, -1):
            digits[signal] += 1
            if digits[signal] < counts[unit[signal], node]:
                break
            digits[signal] = 0
    return made


@njit(cache=True, error_model="numpy")
def _combine(
    node: int, below: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints, kids: Array, keys: Words, digits: Ints,
    held: Array, charges: Floats, middle: int, sums: int, allocations: int, floats: Floats, words: Words,
    offs: Array, left: int, left_offs: int, right: int, right_offs: int, out: int, out_offs: int, shift: int,
) -> int:  # fmt: skip
    """The table of a node from those of the two below. Answers how many entries it has."""
    inner = len(sizes) - 1
    rows = 1
    for signal in range(inner):
        digits[signal] = 0
        rows *= counts[unit[signal], node]
    stride = sums + np.uint64(4)
    mark = stride - np.uint64(1)
    boundary = middle * allocations * allocations * sums
    wide = counts[unit[inner], node]
    left_wide = np.uint64(counts[unit[inner], below])
    right_wide = np.uint64(counts[unit[inner], below + 1])
    columns = begins[inner] + node * sizes[inner]
    made = np.uint64(0)
    place = out_offs
    for _ in range(rows):
        head, left_row, right_row = np.uint64(0), np.uint64(0), np.uint64(0)
        for signal in range(inner):
            one = begins[signal] + node * sizes[signal] + digits[signal]
            head |= keys[one]
            left_row = left_row * np.uint64(counts[unit[signal], below]) + np.uint64(kids[one, 0])
            right_row = right_row * np.uint64(counts[unit[signal], below + 1]) + np.uint64(kids[one, 1])
        left_row = left_offs + left_row * left_wide
        right_row = right_offs + right_row * right_wide
        for column in range(columns, columns + wide):
            several = held[head | keys[column]]
            offs[place] = ((shift + made) << np.uint64(1)) | np.uint64(several)
            place += np.uint64(1)
            first = np.uint64(offs[left_row + np.uint64(kids[column, 0])])
            second = np.uint64(offs[right_row + np.uint64(kids[column, 1])])
            depends = np.uint64(0) - (second & np.uint64(1))
            second >>= np.uint64(1)
            begin = left + (first >> np.uint64(1)) * stride
            for _version in range(allocations if several else np.uint64(1)):
                holding = words[begin + mark] >> np.uint64(8)
                after = right + (second + (holding & depends)) * stride
                charge = boundary + (holding * allocations + (words[after + mark] & np.uint64(255))) * sums
                _join(floats, words, out + made * stride, begin, floats, words, after, charges, charge, sums)
                made += np.uint64(1)
                begin += stride
        for signal in range(inner - 1, -1, -1):
            digits[signal] += 1
            if digits[signal] < counts[unit[signal], node]:
                break
            digits[signal] = 0
    return made


@njit(cache=True, error_model="numpy")
def _walk(
    group: int, until: int, tip: int, outers: int, begins: Ints, sizes: Ints, counts: Ints, unit: Ints,
    classes: Array, digits: Ints, charges: Floats, none: int, first: int, length: int, free: bool, sums: int,
    allocations: int, floats: Floats, words: Words, offs: Array, blocks_at: int, offs_at: int,
) -> None:  # fmt: skip
    """Join blocks [group, until) to every variant of the unit: there, high is the running peak, low is not used."""
    inner = len(sizes) - 1
    stride = sums + np.uint64(4)
    mark = stride - np.uint64(1)
    variant = np.uint64(0)
    width = np.uint64(sizes[inner])
    for signal in range(inner):
        digits[signal] = 0
    for _ in range(outers):
        table = offs_at
        for block in range(group, until):
            node = tip + block
            row, combos = 0, 1
            for signal in range(inner):
                row = row * counts[unit[signal], node] + classes[
                    begins[signal] + node * sizes[signal] + digits[signal]
                ]
                combos *= counts[unit[signal], node]
            wide = counts[unit[inner], node]
            offs_row = table + np.uint64(row * wide)
            table += np.uint64(combos * wide)
            day = none if free else first + np.uint64(block) * length
            boundary = day * allocations * allocations * sums
            columns = begins[inner] + node * sizes[inner]
            at = variant * stride
            for column in range(columns, columns + sizes[inner]):
                entry = np.uint64(offs[offs_row + np.uint64(classes[column])])
                holding = words[at + mark] >> np.uint64(8)
                after = blocks_at + ((entry >> np.uint64(1)) + (holding & (np.uint64(0) - (entry & np.uint64(1))))) * stride
                charge = boundary + (holding * allocations + (words[after + mark] & np.uint64(255))) * sums
                _join(floats, words, at, at, floats, words, after, charges, charge, sums)
                at += stride
        variant += width
        for signal in range(inner - 1, -1, -1):
            digits[signal] += 1
            if digits[signal] < sizes[signal]:
                break
            digits[signal] = 0


@njit(cache=True, error_model="numpy")
def _finish(
    floats: Floats, at: int, sums: int, length: int, centre: float, periods: float, risk_free: float, invested: Floats,
    constant: Floats, result: Floats,
) -> None:  # fmt: skip
    """The metrics of one segment from its sums about ``centre``: ``metrics.measure_returns`` in closed form."""
    legs = len(invested)
    rest = length
    for field in range(legs):
        count = (np.int64(floats[at + 7 + field // 3]) >> (FIELD * (field % 3))) & ((1 << FIELD) - 1)
        if field == 0:
            result[9] = count
        else:
            result[11 + field] = count
            rest -= count
    result[11 + legs] = rest
    if result[9] == 0.0:
        # All in one allocation: its own metrics, whose moments are about its own mean.
        for allocation in range(legs):
            if result[12 + allocation] == length:
                result[:] = constant[allocation]
        return
    days = float(length)
    log, fall = floats[at], floats[at + sums + 2]
    offset = floats[at + 1] / days
    square, cube, fourth = floats[at + 2] / days, floats[at + 3] / days, floats[at + 4] / days
    downside = floats[at + 5]
    mean = offset + centre
    spread = square - offset * offset
    variance = spread * days / (days - 1.0)
    flat = not variance > FLAT * (spread + mean * mean)
    fall = fall if fall > LEVEL else 0.0
    excess = mean * periods - risk_free
    result[0] = np.expm1(log)
    result[1] = np.expm1(log * periods / days)
    result[2] = 0.0 if flat else np.sqrt(variance * periods)
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
    result[10] = floats[at + 6] * periods / days
    result[11] = 0.0
    for allocation in range(legs):
        result[12 + allocation] /= days
        result[11] += result[12 + allocation] * invested[allocation]
