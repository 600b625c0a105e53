"""Finished runs in one SQLite file: committed at once, never repeated, never lost.

Any number of processes may write at once. A run counts once, whoever finishes it first.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from keras_acts.experiments.runs.records import Record, Run

__all__ = ["Store", "StoreError", "check_place"]

APPLICATION_ID = 0x6B616374  # "kact", in the header of the file
FORMAT = 3
BUSY_SECONDS = 60.0
ROOM = 2**20  # bytes that SQLite needs beside the file to open it

_TABLES = f"""
    PRAGMA application_id = {APPLICATION_ID};
    PRAGMA user_version = {FORMAT};
    CREATE TABLE comparison (settings TEXT NOT NULL);
    CREATE TABLE looks (results TEXT PRIMARY KEY);
    CREATE TABLE runs (run TEXT PRIMARY KEY, record TEXT NOT NULL, finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
"""


class StoreError(OSError):
    """The store cannot be used. The file is as it was."""


class Store(AbstractContextManager["Store"]):
    """The runs of one comparison.

    Args:
        path: the file; made if there is none.
        settings: what all runs of the comparison share, as plain data. A store of another comparison is refused.

    Raises:
        StoreError: if the file is something else, damaged, or of another comparison, or cannot be written.

    Example:
        with Store("runs/digits/runs.sqlite", {"data": "digits", "epochs": 20}) as store:
            store.add(record)
            records = store.records()
    """

    def __init__(self, path: Path | str, settings: Mapping[str, Any]) -> None:
        self.path = Path(path)
        with ExitStack() as opened, _explained(self.path):
            if not self.path.exists():
                _create(self.path, settings)
            _check_format(self.path)
            self._connection = opened.enter_context(closing(_connect(self.path)))
            self._check_content(settings)
            opened.pop_all()

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, record: Record) -> None:
        """Commit a finished run; nothing happens if the store has it already.

        Raises:
            StoreError: if it could not be written, as on a full disk. What was stored before is safe.
        """
        with _explained(self.path), self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO runs (run, record) VALUES (?, ?)", (record.run.to_json(), record.to_json())
            )

    def records(self, runs: Iterable[Run] | None = None) -> list[Record]:
        """All records, or those of `runs` that are finished, in their order."""
        with _explained(self.path):
            found = dict(self._connection.execute("SELECT run, record FROM runs ORDER BY rowid").fetchall())
        keys = found if runs is None else [key for key in (run.to_json() for run in runs) if key in found]
        return [Record.from_json(found[key]) for key in keys]

    def looks(self, results: str) -> int:
        """How many different sets of results were looked at, with these where they can be noted."""
        with _explained(self.path), self._connection:
            if _writable(self.path):
                self._connection.execute("INSERT OR IGNORE INTO looks VALUES (?)", (results,))
            (number,) = self._connection.execute("SELECT COUNT(*) FROM looks").fetchone()
        return int(number)

    def _check_content(self, settings: Mapping[str, Any]) -> None:
        (health,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if health != "ok":
            raise sqlite3.DatabaseError(health)
        (text,) = self._connection.execute("SELECT settings FROM comparison").fetchone()
        stored, wanted = json.loads(text), json.loads(json.dumps(settings))
        differences = [
            f"{key}: {stored.get(key)!r} there, {wanted.get(key)!r} here"
            for key in stored | wanted
            if stored.get(key) != wanted.get(key)
        ]
        if differences:
            raise StoreError(
                f"{self.path} holds another comparison ({'; '.join(differences)}). Choose another output folder, or "
                "the same settings to continue it"
            )


def check_place(path: Path) -> None:
    """Raise StoreError where no store can be made: before the first run, and not after it."""
    if path.exists():
        return
    nearest = next(folder for folder in path.resolve().parents if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise StoreError(f"{path} cannot be made or read: {nearest} is no folder that can be written into")


def _create(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the whole file under another name and then link it: nobody sees half of it, and the first of two wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=path.name, dir=path.parent) as folder:
        with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
            connection.executescript(_TABLES)
            with connection:
                connection.execute("INSERT INTO comparison VALUES (?)", (json.dumps(settings),))
            connection.execute("PRAGMA journal_mode = WAL")  # writers and readers do not wait for each other
        with suppress(FileExistsError):
            os.link(Path(folder) / path.name, path)


def _check_format(path: Path) -> None:
    """Refuse a file that is not ours by its header alone: SQLite would lock it or add files to it."""
    with path.open("rb") as file:
        header = file.read(72)
    version, application = (int.from_bytes(header[place : place + 4], "big") for place in (60, 68))
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path} is no store of keras_acts and was left alone. Choose another output folder, or move the file"
        )
    if version != FORMAT:
        raise StoreError(
            f"{path} was written by another version of keras_acts and was left alone. Choose another output folder. "
            f"Received: format {version}, expected {FORMAT}"
        )


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _connect(path: Path) -> sqlite3.Connection:
    # What cannot be written can be read, but SQLite would want to write beside it.
    how = "mode=rw" if _writable(path) else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what is wrong with the file, and what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be made or read: {error.strerror or error}") from error
    except sqlite3.Error as error:
        text = str(error)
        if "full" in text or ("disk" in text and shutil.disk_usage(path.parent).free < ROOM):
            hint = "The disk is full. Finished runs are safe: make room and start again to continue"
        elif "disk I/O" in text:
            hint = "The disk could not be read or written. Start again when it can"
        elif "locked" in text:
            hint = f"Another process kept it locked for {BUSY_SECONDS:.0f} s. Finished runs are safe: start again"
        elif "readonly" in text or "unable to open" in text:
            hint = "The file and its folder must be writable"
        else:
            hint = "The file is damaged and was left alone. Choose another output folder, or restore a copy"
        raise StoreError(f"The store {path} cannot be used. {hint}. Received: {text}") from error
    except (ValueError, TypeError) as error:  # SQLite is content, but a row is not ours
        raise StoreError(f"The store {path} is damaged and was left alone. Received: {error}") from error
