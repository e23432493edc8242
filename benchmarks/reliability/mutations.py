"""Mutations of bytes, and of values in a tree of lists and mappings."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

# What a value may be replaced by: extremes, other types, text that looks like something else.
EXTREMES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -(10**30), 1e-300, 1e300, float("inf"), float("nan"), "", " ",
    "nan", "0", "1e5", "2020-02-30", "9999-12-31", "on", "null", "ä", "汉字", "\u202e", "[/x]", "../x", "/etc/hostname",
    "a" * 10_000, [], {}, [[]], [None], {"a": {"b": 1}}, [1, 2, 3], {"from": 1, "to": 2, "step": 1e-9},
    {"from": 0, "to": 10**12, "step": 1}, list(range(300)),
)  # fmt: skip


def mutate_bytes(data: bytes, rng: Random) -> tuple[str, bytes]:
    """What was done, in words, and the bytes after it; they differ from ``data`` unless it is empty."""
    size = len(data)
    low, high = sorted((rng.randint(0, size), rng.randint(0, size)))
    kind = rng.choice(("cut", "cut by a few", "emptied", "zeroed", "zeroed in part", "bit flipped", "bytes inserted",
                       "bytes removed", "part doubled", "doubled", "bytes appended"))  # fmt: skip
    at = rng.randrange(size) if size else 0
    few = rng.randbytes(rng.randint(1, 8))
    changed = {
        "cut": data[:at],
        "cut by a few": data[: max(0, size - rng.randint(1, 4))],
        "emptied": b"",
        "zeroed": bytes(size),
        "zeroed in part": data[:low] + bytes(high - low) + data[high:],
        "bit flipped": data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :] if size else b"",
        "bytes inserted": data[:at] + few + data[at:],
        "bytes removed": data[:low] + data[high:],
        "part doubled": data[:high] + data[low:],
        "doubled": data + data,
        "bytes appended": data + few,
    }[kind]
    if changed == data:
        return "bytes appended", data + few
    return f"{kind} at {at:,}" if kind in ("cut", "bit flipped", "bytes inserted") else kind, changed


def mutate_tree(tree: Any, rng: Random) -> tuple[str, Any]:
    """A copy with one node replaced, removed, doubled, renamed or swapped with another one."""
    tree = copy.deepcopy(tree)
    places = list(_places(tree))
    parent, key, path = rng.choice(places)
    kind = rng.choice(("replaced", "replaced", "replaced", "scaled", "removed", "renamed", "swapped", "wrapped"))
    value = parent[key]
    if kind == "scaled" and isinstance(value, int | float) and not isinstance(value, bool):
        parent[key] = value * rng.choice((-1, 0, 100, 0.01, 1e6, 1e12, 0.5))
        return f"{path}: {value!r} becomes {parent[key]!r}", tree
    if kind == "removed":
        del parent[key]
        return f"{path} removed", tree
    if kind == "renamed" and isinstance(parent, dict):
        name = rng.choice(("x", f"{key}x", str(key)[:-1], str(key).upper(), 3, None, True, "__class__"))
        parent[name] = parent.pop(key)
        return f"{path} renamed to {name!r}", tree
    if kind == "swapped":
        other, at, there = rng.choice(places)
        ours, theirs = copy.deepcopy(value), copy.deepcopy(other[at])
        parent[key], other[at] = theirs, ours
        return f"{path} swapped with {there}", tree
    if kind == "wrapped":
        parent[key] = rng.choice(([value], {"a": value}, [value, value]))
        return f"{path} wrapped", tree
    parent[key] = copy.deepcopy(rng.choice(EXTREMES))
    return f"{path}: {str(value)[:40]!r} becomes {str(parent[key])[:40]!r}", tree


def _places(tree: Any, path: str = "") -> Any:
    """Every node below the root, as its parent, its key there, and its path in words."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        here = f"{path}.{key}".lstrip(".")
        yield tree, key, here
        yield from _places(value, here)
