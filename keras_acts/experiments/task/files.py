"""A user's own data: CSV tables and NumPy archives, checked before anything is trained."""

import csv
import math
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from keras_acts.core import spec
from keras_acts.core.params import choice
from keras_acts.experiments.task.datasets import Source
from keras_acts.experiments.task.options import check_named, did_you_mean

__all__ = ["as_source", "name_and_options", "read"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?", "none"})
MANY = 20  # integers of more values than that may as well be amounts


def name_and_options(text: str) -> tuple[str, dict[str, Any]] | None:
    """`"data (1).csv(target='y')"` -> `("data (1).csv", {"target": "y"})`; None for what is no file.

    Raises:
        ValueError: for options that are no literals with names.
    """
    found = re.fullmatch(r"(.+?\.(?:csv|npz))\s*(\(.*\))?", text.strip(), re.DOTALL)
    if found is None:
        return None
    _, args, options = spec.parse(f"file{found[2] or ''}")
    check_named(found[1], args, text)
    return found[1], options


def read(path: str, target: str | None = None, task: str | None = None, sep: str = ",") -> Source:
    """The data of a file.

    Args:
        path: a CSV file with a line of column names, where a column of words becomes one of 0 and 1 for each word, or
            an `.npz` file with the arrays `x` and `y`.
        target: the column of a CSV file to be predicted; the last one unless named. It may hold text: class names.
        task: "classification" or "regression"; unless given, targets that are integers of up to 20 values, text or
            one-hot are classes.
        sep: what stands between the values of a line of a CSV file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for missing values, columns of numbers and words mixed, or targets that do not fit the task.
    """
    try:
        x, y = _read_csv(Path(path), target, sep) if Path(path).suffix == ".csv" else _read_npz(Path(path))
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
    if x.dtype.kind == "i" and x.ndim == 2:
        warnings.warn(
            f"{where}: x of integers is scaled to mean 0 and variance 1, as amounts are. Numbers that stand for words, "
            "as for an Embedding, must come as a `keras_acts.experiments.task.data.Split`; amounts as floats",
            stacklevel=2,
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    is_text = y.dtype.kind in "USO"
    if not is_text:
        _check_finite(y, f"{where}: y")
        if task != "regression" and y.ndim == 2 and np.all((y == 0) | (y == 1)) and np.all(y.sum(axis=1) == 1):
            y = y.argmax(axis=1)  # one-hot
    integers = is_text or (y.ndim == 1 and bool(np.all(y == np.floor(y))))
    if task is None and integers and not is_text and len(np.unique(y)) > MANY:
        raise ValueError(
            f"{where}: integers of more than {MANY} values may be classes or amounts. Say which: "
            "task='classification' or task='regression' for a file; from a function, text or floats with fractions. "
            f"Received: {len(np.unique(y))} values in {len(y)} samples"
        )
    if task == "regression" or (task is None and not integers):
        if is_text:
            raise ValueError(f"{where}: regression needs numbers as targets. Received: {y[0]!r}")
        return Source(x, y.reshape(len(y), -1).astype("float64"), classes=None, scale=True)
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
    return Source(x, numbers, classes=len(names), scale=True)


def _check_finite(values: np.ndarray, what: str) -> None:
    bad = np.argwhere(~np.isfinite(values.astype("float64")))
    if len(bad):
        raise ValueError(
            f"{what} must hold finite numbers. Received: {len(bad)} missing or infinite values, the first at index "
            f"{bad[0].tolist()}"
        )


def _read_npz(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if not {"x", "y"} <= set(arrays.files):
                raise ValueError(f"{path} must hold the arrays 'x' and 'y'. Received: {arrays.files}")
            return arrays["x"], arrays["y"]
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} must be an archive of np.savez, whole. Received: {error}") from error
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"{path} must hold plain arrays, no Python objects. Received: {error}") from error
        raise


def _read_csv(path: Path, target: str | None, sep: str) -> tuple[np.ndarray, np.ndarray]:
    header, lines = _table(path, sep)
    target = header[-1] if target is None else target
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ValueError(f"{path} must have a name for each column alone. Received: `{twice[0]}` twice")
    if target not in header:
        raise ValueError(f"{path} has no column `{target}`.{did_you_mean(target, header)} Received: {header}")
    column = header.index(target)
    for sample, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise ValueError(
                f"Each line of {path} must have {len(header)} values. Received: {len(line)} for sample {sample}"
            )
        for name, text in zip(header, line, strict=True):
            value = _number(text)
            if text.lower() in MISSING or not math.isfinite(value or 0.0):
                raise ValueError(
                    f"{path} must have no missing values: fill them, leave the line out, or rename a class named so. "
                    f"Received: nothing usable in sample {sample}, column `{name}`"
                )
    features = [
        _feature(path, name, [line[place] for line in lines]) for place, name in enumerate(header) if place != column
    ]
    x = np.concatenate(features, axis=1)
    labels = [line[column] for line in lines]
    return x, np.array(labels, dtype="float64" if all(_number(label) is not None for label in labels) else None)


def _feature(path: Path, name: str, texts: list[str]) -> np.ndarray:
    """A column as numbers, of shape (samples, 1); words as a column of 0 and 1 for each."""
    numbers = [_number(text) for text in texts]
    if None not in numbers:
        return np.array(numbers, dtype="float64")[:, np.newaxis]
    if any(number is not None for number in numbers):
        sample = numbers.index(None)
        raise ValueError(
            f"A column of {path} must hold numbers or words. Column `{name}` holds both: text in sample {sample + 1}. "
            f"Received: {texts[sample]!r}"
        )
    if len(set(texts)) > MANY:
        raise ValueError(
            f"{path}: words are encoded as a column for each, up to {MANY}. Encode column `{name}` yourself, or leave "
            f"it out. Received: {len(set(texts))} words, such as {texts[0]!r}"
        )
    return OneHotEncoder(sparse_output=False).fit_transform(np.array(texts)[:, np.newaxis])


def _table(path: Path, sep: str) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, and the lines below them that are not empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *lines = list(csv.reader(file, delimiter=sep)) or [[]]
    except TypeError as error:  # csv's own for what is no single character
        raise ValueError(f"`sep` of {path} must be one character, such as ';'. Received: sep={sep!r}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} must be a CSV file in UTF-8. Received: {error}") from error
    lines = [[text.strip() for text in line] for line in lines if line]
    if len(header) < 2 or not lines:
        raise ValueError(
            f"{path} must have a line of column names, at least 2 columns and one line for each sample. "
            f"Received: {len(header)} columns and {len(lines)} samples{_other_sep(header)}"
        )
    if all(_number(name) is not None for name in header):
        raise ValueError(f"The first line of {path} must name the columns. Received: {','.join(header)[:60]}")
    return header, lines


def _other_sep(header: list[str]) -> str:
    """A hint, where the only name of a column looks like several."""
    found = next((sep for sep in ";\t|" if len(header) == 1 and sep in header[0]), None)
    return "" if found is None else f". With sep={found!r} there would be more: 'file.csv(sep={found!r})'"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
