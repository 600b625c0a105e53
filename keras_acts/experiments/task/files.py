"""A user's own data: CSV tables and NumPy archives, checked before anything is trained."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.core.params import choice
from keras_acts.experiments.task.datasets import Source
from keras_acts.experiments.task.options import did_you_mean

__all__ = ["as_source", "read"]

SUFFIXES = (".csv", ".npz")
MISSING = frozenset({"", "na", "n/a", "null", "?", "none"})


def read(path: str, target: str | None = None, task: str | None = None) -> Source:
    """The data of a file.

    Args:
        path: a CSV file with a line of column names, or an `.npz` file with the arrays `x` and `y`.
        target: the column of a CSV file to be predicted; the last one unless named. It may hold text: class names.
        task: "classification" or "regression"; unless given, targets that are integers or text are classes.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for text or missing values among the features, or targets that do not fit the task.
    """
    try:
        x, y = _read_csv(Path(path), target) if Path(path).suffix == ".csv" else _read_npz(Path(path))
    except OSError as error:
        raise OSError(f"The data file {path} cannot be read: {error.strerror or error}") from error
    return as_source(x, y, task=task, where=path)


def as_source(x: Any, y: Any, task: str | None = None, where: str = "data") -> Source:
    """Arrays as data that a network can be trained with.

    Raises:
        ValueError: if they are not.
    """
    if task is not None:
        choice("task", task, where, ("classification", "regression"))
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim < 2 or len(x) != len(y) or y.ndim > 2:
        raise ValueError(
            f"{where}: x must have shape (samples, ...) and y (samples,) or (samples, outputs). "
            f"Received: x of shape {x.shape} and y of shape {y.shape}"
        )
    if not np.issubdtype(x.dtype, np.number) and x.dtype != bool:
        raise ValueError(f"{where}: x must hold numbers. Received: dtype {x.dtype}")
    _check_finite(x, f"{where}: x")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    is_text = y.dtype.kind in "USO"
    if not is_text:
        _check_finite(y, f"{where}: y")
    integers = is_text or (y.ndim == 1 and bool(np.all(y == np.floor(y))))
    scale = x.ndim == 2
    if task == "regression" or (task is None and not integers):
        if is_text:
            raise ValueError(f"{where}: regression needs numbers as targets. Received: {y[0]!r}")
        return Source(x, y.reshape(len(y), -1).astype("float64"), classes=None, scale=scale)
    if not integers:
        raise ValueError(
            f"{where}: classification needs one class for each sample, as text or as an integer. Received: targets of "
            f"shape {y.shape} such as {y[0]!r}. Use task='regression' for numbers, np.argmax(y, axis=1) for one-hot"
        )
    names, numbers = np.unique(y, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{where}: classification needs at least 2 classes. Received: {names.tolist()}")
    if len(names) > len(y) / 3:
        raise ValueError(
            f"{where}: classification needs at least 3 samples of a class. Received: {len(names)} classes in {len(y)} "
            "samples. Use task='regression' if the targets are amounts"
        )
    return Source(x, numbers, classes=len(names), scale=scale)


def _check_finite(values: np.ndarray, what: str) -> None:
    bad = np.argwhere(~np.isfinite(values.astype("float64")))
    if len(bad):
        raise ValueError(
            f"{what} must hold finite numbers. Received: {len(bad)} missing or infinite values, the first at index "
            f"{bad[0].tolist()}"
        )


def _read_npz(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if not {"x", "y"} <= set(arrays.files):
                raise ValueError(f"{path} must hold the arrays 'x' and 'y'. Received: {arrays.files}")
            return arrays["x"], arrays["y"]
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"{path} must hold plain arrays, no Python objects. Received: {error}") from error
        raise


def _read_csv(path: Path, target: str | None) -> tuple[np.ndarray, np.ndarray]:
    header, lines = _table(path)
    target = header[-1] if target is None else target
    if target not in header:
        raise ValueError(f"{path} has no column `{target}`.{did_you_mean(target, header)} Received: {header}")
    column = header.index(target)
    for sample, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise ValueError(
                f"Each line of {path} must have {len(header)} values. Received: {len(line)} for sample {sample}"
            )
        for place, (name, text) in enumerate(zip(header, line, strict=True)):
            value = _number(text)
            if not text if place == column else text.lower() in MISSING or not math.isfinite(value or 0.0):
                raise ValueError(
                    f"{path} must have no missing values: fill them, or leave the line out. "
                    f"Received: nothing usable in sample {sample}, column `{name}`"
                )
            if value is None and place != column:
                raise ValueError(
                    f"{path} must hold numbers, but for the target. Sample {sample}, column `{name}` holds text; "
                    f"encode it as numbers, or leave the column out. Received: {text!r}"
                )
    x = np.array([line[:column] + line[column + 1 :] for line in lines], dtype="float64")
    labels = [line[column] for line in lines]
    return x, np.array(labels, dtype="float64" if all(_number(label) is not None for label in labels) else None)


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, and the lines below them that are not empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *lines = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} must be a CSV file in UTF-8. Received: {error}") from error
    lines = [[text.strip() for text in line] for line in lines if line]
    if len(header) < 2 or not lines:
        raise ValueError(
            f"{path} must have a line of column names, at least 2 columns and one line for each sample. "
            f"Received: {len(header)} columns and {len(lines)} samples"
        )
    if all(_number(name) is not None for name in header):
        raise ValueError(f"The first line of {path} must name the columns. Received: {','.join(header)[:60]}")
    return header, lines


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
