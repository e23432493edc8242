"""Whoever can write to a bucket chooses the names there: none may lead out of the folder of the download."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridproof as gp
from gridproof.results.run.remote_keys import files_below
from gridproof.results.run.remote_store import RemoteStore
from gridproof.sweeps.execution.run_store import open_run_store

pytest.importorskip("fsspec")
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

NAME = "study-0123456789ab"
FORBIDDEN = [
    "../other/x",
    "../../x",
    "tiles/../../x",
    "tiles/..",
    "..",
    "./x",
    "tiles/./x",
    "/etc/x",
    "tiles//x",
    "..\\x",
    "tiles\\..\\..\\x",
    "C:x",
    "C:\\x",
    "x:stream",
    "x\0y",
    "x\ny",
    "x\x1b[31m",
    "x\u202etxt",
    "x.",
    "x ",
    "x" * 256,
    "\ud800",
]


@pytest.fixture
def bucket() -> Iterator[MemoryFileSystem]:
    files = MemoryFileSystem()
    files.store.clear()
    files.pseudo_dirs[:] = ["", "/runs", f"/runs/{NAME}"]
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def put(files: MemoryFileSystem, key: str, text: bytes = b"text") -> None:
    """Store an object under exactly this key, as an object store does."""
    files.store[f"/runs/{NAME}/{key}"] = MemoryFile(files, f"/runs/{NAME}/{key}", text)


def listing(*keys: str) -> dict[str, dict[str, str]]:
    return {f"bucket/runs/{NAME}/{key}": {"type": "file"} for key in keys}


@pytest.mark.parametrize("key", FORBIDDEN)
def test_a_key_that_is_no_path_in_the_folder_is_refused_by_name(key: str) -> None:
    with pytest.raises(gp.InputError) as raised:
        files_below(listing("summary.json", key), f"bucket/runs/{NAME}", f"s3://bucket/runs/{NAME}")
    message = str(raised.value)
    assert message.startswith(f"s3://bucket/runs/{NAME}: a file of a run must be in its folder, under a plain name")
    assert ascii(key) in message
    assert message.isprintable()


@pytest.mark.parametrize("key", ["../../x", "tiles/../../x", "a\\..\\x"])
def test_nothing_is_written_where_a_key_is_refused(
    key: str, bucket: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other processes write into the machine's own
    put(bucket, "summary.json", b"{}")
    put(bucket, key)
    store = RemoteStore("memory://runs")
    before = sorted(store.folder.parent.glob("*"))
    with pytest.raises(gp.InputError, match=r"under a plain name; got the key"):
        store.pull(NAME)
    assert not list(store.folder.iterdir())
    assert sorted(store.folder.parent.glob("*")) == before
    with pytest.raises(gp.InputError, match=r"under a plain name; got the key"):
        open_run_store(f"memory://runs/{NAME}")


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        (("Summary.json", "summary.json"), "named like another"),
        (("tiles/\u00e9", "tiles/e\u0301"), "named like another"),
        (("x", "x/y"), "named like a folder"),
        (("x/y", "X"), "named like a folder"),
    ],
)
def test_names_that_are_one_file_on_some_systems_are_refused(keys: tuple[str, ...], rule: str) -> None:
    with pytest.raises(gp.InputError, match=rule):
        files_below(listing(*keys), f"bucket/runs/{NAME}", "s3://bucket")


def test_keys_outside_of_the_folder_and_a_file_in_its_place_are_refused() -> None:
    for key in ("bucket/other/x", f"bucket/runs/{NAME}", f"bucket/runs/{NAME}2/x"):
        with pytest.raises(gp.InputError, match="outside of it"):
            files_below({key: {"type": "file"}}, f"bucket/runs/{NAME}", "s3://bucket")


def test_the_names_that_runs_have_are_read(bucket: MemoryFileSystem) -> None:
    names = ["summary.json", "tiles/00000000000000-00000000000001.npz", f"tiles/{NAME}/x", "备注.txt", ".search.lock"]
    for name in names:
        put(bucket, name, name.encode())
    store = RemoteStore("memory://runs")
    store.pull(NAME)
    found = {path.relative_to(store.folder / NAME).as_posix(): path for path in store.folder.rglob("*.*")}
    assert {name: path.read_bytes() for name, path in found.items() if path.is_file()} == {
        name: name.encode() for name in names if "." in name
    }


@given(st.lists(st.text(st.sampled_from("a./\\:\0é-"), max_size=8), max_size=4))
def test_every_path_stays_in_the_folder(keys: list[str]) -> None:
    try:
        paths = files_below(listing(*keys), f"bucket/runs/{NAME}", "s3://bucket").values()
    except gp.InputError:
        return
    for path in paths:
        assert os.path.normpath(f"/scratch/{path}") == f"/scratch/{path}"


@pytest.mark.parametrize("linked", ["file", "folder", "run", "dangling"])
def test_links_at_a_url_are_refused(linked: str, tmp_path: Path) -> None:
    run = tmp_path / "far" / NAME
    run.parent.mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    if linked == "run":
        run.symlink_to(tmp_path / "secret")
    else:
        run.mkdir()
        target = {"file": "secret/key", "folder": "secret", "dangling": "none"}[linked]
        (run / "top.parquet").symlink_to(tmp_path / target)
    store = RemoteStore(f"file://{tmp_path}/far")
    with pytest.raises(gp.InputError, match="a file of a run must be a file, not a link"):
        store.pull(NAME)
    assert not list(store.folder.iterdir())


@pytest.mark.parametrize("name", ["..", ".", "a:b", "a\\b", "a\x1b[0m"])
def test_the_name_of_a_run_is_one_name(name: str, bucket: MemoryFileSystem) -> None:
    with pytest.raises(gp.InputError, match="the name of a run must be one name"):
        open_run_store(f"memory://runs/{name}")
