"""Finished runs are never lost, and files of other people never touched."""

import math
import shutil
import sqlite3
import subprocess
import sys

import pytest

from keras_acts.experiments.runs import store as store_module
from keras_acts.experiments.runs.records import LayerRecord, Record, Run, SplitRecord
from keras_acts.experiments.runs.store import FORMAT, Store, StoreError

SETTINGS = {"data": "digits", "epochs": 2, "file": None}


def made_up(seed, activation="elu(alpha=0.5)", value=0.1 + 0.2):
    run = Run("digits", "mlp", activation, 1e-3, seed, 2, 128, settings=(("optimizer", "sgd"), ("momentum", 0.9)))
    curves = {"loss": (2.0, value), "metric": (0.1, 0.5), "val_loss": (math.inf, 1 / 3), "val_metric": (0.2, 0.4)}
    layers = (LayerRecord("dense_1", 0.1, 1e-30, 0.0, 0.5, None, None),)
    return Record(
        run,
        SplitRecord(60, 20, "rows"),
        curves,
        "accuracy",
        True,
        1.0,
        0.9,
        10,
        0.5,
        1e-3,
        None,
        False,
        layers,
        {"keras": "3"},
    )


def test_records_come_back_exactly(tmp_path):
    records = [made_up(0), made_up(1, "PReLU")]
    with Store(tmp_path / "runs.sqlite", SETTINGS) as store:
        for record in records:
            store.add(record)
    with Store(tmp_path / "runs.sqlite", SETTINGS) as store:
        assert store.records() == records
        assert store.records([records[1].run, made_up(7).run]) == [records[1]]


def test_a_diverged_run_keeps_its_nan(tmp_path):
    with Store(tmp_path / "runs.sqlite", SETTINGS) as store:
        store.add(made_up(0, value=math.nan))
        assert math.isnan(store.records()[0].history["loss"][1])


def test_a_run_counts_once(tmp_path):
    with Store(tmp_path / "a" / "runs.sqlite", SETTINGS) as store:
        store.add(made_up(0, value=1.0))
        store.add(made_up(0, value=2.0))
        assert [record.history["loss"][1] for record in store.records()] == [1.0]


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from test_store import SETTINGS, made_up
from keras_acts.experiments.runs.store import Store
print("ready", flush=True)
sys.stdin.readline()
with Store(sys.argv[2], SETTINGS) as store:
    for seed in range(int(sys.argv[3]), int(sys.argv[4])):
        store.add(made_up(seed))
"""


@pytest.mark.slow
def test_two_processes_write_at_once(tmp_path, request):
    """They start together, also make the file together, and have 100 runs in common."""
    path = tmp_path / "runs.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(request.path.parent), str(path), str(first), str(first + 200)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (0, 100)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n", writer.stderr.read()
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, complaint = writer.communicate(timeout=120)
        assert writer.returncode == 0, complaint
    with Store(path, SETTINGS) as store:
        assert sorted(record.run.seed for record in store.records()) == list(range(300))
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith("runs.sqlite")] == []


# ---- Files that are not ours -----------------------------------------------------------------------------------------


def write_text(path):
    path.write_text("my notes\n" * 100)


def write_nothing(path):
    path.touch()


def write_foreign_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE runs (run TEXT, record TEXT)")
    connection.close()


def write_newer_format(path):
    with Store(path, SETTINGS):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_text, "is no store of keras_acts and was left alone"),
        (write_nothing, "is no store of keras_acts and was left alone"),
        (write_foreign_database, "is no store of keras_acts and was left alone"),
        (write_newer_format, "was written by another version of keras_acts"),
    ],
)
def test_a_foreign_file_is_left_alone(tmp_path, write, message):
    path = tmp_path / "runs.sqlite"
    write(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message):
        Store(path, SETTINGS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("where", [100, 4096 + 8, -2000])
def test_a_damaged_file_is_left_alone(tmp_path, where):
    path = tmp_path / "runs.sqlite"
    with Store(path, SETTINGS) as store:
        for seed in range(50):
            store.add(made_up(seed))
    content = bytearray(path.read_bytes())
    where %= len(content)
    content[where : where + 1500] = b"\xa5" * len(content[where : where + 1500])
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged and was left alone"), Store(path, SETTINGS) as store:
        store.records()
    assert path.read_bytes() == bytes(content)


def test_a_store_of_another_comparison_is_refused(tmp_path):
    path = tmp_path / "runs.sqlite"
    with Store(path, SETTINGS) as store:
        store.add(made_up(0))
    with pytest.raises(StoreError, match=r"holds another comparison \(epochs: 2 there, 30 here\)"):
        Store(path, SETTINGS | {"epochs": 30})
    with Store(path, SETTINGS) as store:
        assert len(store.records()) == 1


def add_many(store):
    for seed in range(1, 100):
        store.add(made_up(seed))


def test_a_full_disk_loses_nothing(tmp_path):
    path = tmp_path / "runs.sqlite"
    with Store(path, SETTINGS) as store:
        store.add(made_up(0))
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then reports what a full disk does
        with pytest.raises(StoreError, match=r"The disk is full\. Finished runs are safe"):
            add_many(store)
        kept = store.records()
    with Store(path, SETTINGS) as store:
        assert store.records() == kept
        store.add(made_up(1000))
        assert len(store.records()) == len(kept) + 1


@pytest.mark.parametrize(
    ("free", "said"), [(1000, "The disk is full"), (10**9, "The disk could not be read or written")]
)
def test_a_full_disk_is_no_damage_when_a_store_is_opened_again(tmp_path, monkeypatch, free, said):
    """SQLite needs room beside the file, and reports an error of input and output where there is none."""
    path = tmp_path / "runs.sqlite"
    with Store(path, SETTINGS) as store:
        store.add(made_up(0))

    def failing(*args, **kwargs):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(store_module.sqlite3, "connect", failing)
    monkeypatch.setattr(store_module.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 0, free))
    with pytest.raises(StoreError, match=said) as error:
        Store(path, SETTINGS)
    assert "damaged" not in str(error.value)


def test_a_store_that_cannot_be_written_can_be_read(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    with Store(path, SETTINGS) as store:
        store.add(made_up(0))
        assert store.looks("a") == 1
    monkeypatch.setattr(store_module.os, "access", lambda place, mode: False)  # root may write everywhere
    with Store(path, SETTINGS) as store:
        assert len(store.records()) == 1
        assert store.looks("b") == 1
        with pytest.raises(StoreError, match="must be writable"):
            store.add(made_up(1))
    assert [file.name for file in tmp_path.iterdir()] == ["runs.sqlite"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "runs.sqlite", SETTINGS)
    with pytest.raises(StoreError, match="is no folder that can be written into"):
        store_module.check_place(tmp_path / "file" / "more" / "runs.sqlite")
    store_module.check_place(tmp_path / "new" / "folder" / "runs.sqlite")
    assert (tmp_path / "file").read_text() == "kept"
