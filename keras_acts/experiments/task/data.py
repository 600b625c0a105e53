"""The data of an experiment, split by seed: training, validation, and test data that are used once."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from keras_acts.experiments.task import datasets, files, user_functions
from keras_acts.experiments.task.options import check_known

__all__ = ["Part", "Split", "digest", "find", "is_own", "load", "source"]

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
VALIDATION_SEED = 0


@dataclass(frozen=True)
class Part:
    """Some of the samples: x float32, y, and the rows of the data set that they are.

    y holds class numbers 0, 1, ... as int32 of shape (n,), or target values as float32 of shape (n, outputs).
    """

    x: np.ndarray
    y: np.ndarray
    index: np.ndarray


@dataclass(frozen=True)
class Split:
    """Training data, validation data (for curves and choices) and test data (used once, at the end).

    `classes` is the number of classes, or None where the targets are numbers to be fitted. `by_seed` is what another
    seed changes: "rows" (which of the same rows are in which part), "data" (all of them) or "nothing" in the test data.
    """

    train: Part
    validation: Part
    test: Part
    classes: int | None
    by_seed: str = "nothing"

    @property
    def outputs(self) -> int:
        """Number of outputs that a network needs."""
        return self.train.y.shape[-1] if self.classes is None else self.classes

    @property
    def points(self) -> np.ndarray:
        """The samples of all parts."""
        return np.concatenate([self.train.x, self.validation.x, self.test.x])


def load(name: str, seed: int = 0) -> Split:
    """The split of a data set for a seed; the same one for every activation.

    20 % validation data, the same rows for every seed, 60 % training and 20 % test data, with the classes in equal
    shares. Inputs are scaled to mean 0 and
    variance 1 of the training data, each feature of a table, each channel of sequences and images, and so are targets
    that are numbers. Bundled and downloaded images lie in [0, 1] and stay as they are.

    Args:
        name: a bundled data set, with options as in "circles(noise=0.1)": digits, wine, breast_cancer, iris, diabetes;
            circles, moons, spirals, periodic (made); image (scikit-learn's bundled picture); mnist, fashion_mnist,
            cifar10 (downloaded once by keras.datasets). Or a file, as in "table.csv(target='price')", "arrays.npz"
            (arrays `x` and `y`). Or a function of your own, "module:function", which returns x and y.
        seed: chooses the split and, where data are made, the data.

    Returns:
        The split.

    Raises:
        ValueError: for an unknown name, or data that no network can be trained with.
        OSError: for a file that cannot be read, or data that cannot be downloaded.

    Example:
        >>> split = load("digits", 0)
        >>> len(split.train.x), len(split.validation.x), len(split.test.x), split.classes
        (1077, 360, 360, 10)
    """
    made = name.partition("(")[0].strip() in datasets.MADE_BY_SEED
    found = source(name, seed if made else None)  # otherwise one copy of the data serves all seeds
    if isinstance(found, Split):
        return found
    return _split(found, seed, "data" if made else "rows" if found.parts is None else "nothing")


def is_own(name: str) -> bool:
    """Whether the data are a file or function of the user's own."""
    return files.name_and_options(name) is not None or name.partition("(")[0].strip() not in datasets.SOURCES


def find(name: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """What reads the data of a name, and its options.

    Raises:
        ValueError: what `load` would raise, as far as that can be known without reading the data.
    """
    file = files.name_and_options(name)
    if file is not None:
        read = functools.partial(files.read, file[0])
        return read, check_known(name, file[1], read, given=())
    return user_functions.find("data set", name, datasets.SOURCES, given=("seed",), others="; .csv and .npz files")


@functools.lru_cache(maxsize=1)
def source(name: str, seed: int | None) -> datasets.Source | Split:
    """All samples of a data set, cached for the next split."""
    read, options = find(name)
    found = read(**options) if seed is None else read(seed=seed, **options)
    if isinstance(found, Split | datasets.Source):
        return found
    if not isinstance(found, tuple) or len(found) != 2:
        raise ValueError(
            f"A function that gives data must return x and y, or a Split. Received: {type(found).__name__} from {name}"
        )
    return files.as_source(*found, where=name)


def digest(name: str) -> bytes:
    """Identifies the arrays of a data set, which are read anew: a file may have changed in the meantime."""
    source.cache_clear()
    found = source(name, None)
    parts = (found.train, found.validation, found.test) if isinstance(found, Split) else (found,)
    hashed = hashlib.sha256()
    for array in (array for part in parts for array in (part.x, part.y)):
        hashed.update(repr((array.shape, array.dtype.str)).encode() + np.ascontiguousarray(array).tobytes())
    return hashed.digest()


def _split(source: datasets.Source, seed: int, by_seed: str) -> Split:
    if source.parts is not None:
        train, validation, test = source.parts
        if validation is None:
            share = min(VALIDATION_SHARE, len(test) / len(train))
            train, validation = _divide(source, train, share, seed)
    else:
        # Always the same rows: rates are chosen by them, and what one seed validated on another would test on.
        rest, validation = _divide(source, np.arange(len(source.x)), VALIDATION_SHARE, VALIDATION_SEED)
        train, test = _divide(source, rest, TEST_SHARE / (1.0 - VALIDATION_SHARE), seed)
    x, y = source.x, source.y
    if source.scale:
        x = _standardized(x, train)
    y = y.astype("int32") if source.classes else _standardized(y, train) if source.scale else y.astype("float32")

    def part(chosen: np.ndarray) -> Part:
        return Part(np.ascontiguousarray(x[chosen], "float32"), y[chosen], chosen)

    return Split(part(train), part(validation), part(test), source.classes, by_seed)


def _divide(source: datasets.Source, rows: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    classes = source.y[rows] if source.classes else None
    try:
        first, second = train_test_split(rows, test_size=share, stratify=classes, random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"The data cannot be split into training, validation and test data: {error} "
            f"Received: {len(source.x)} samples" + (f" of {source.classes} classes" if source.classes else "")
        ) from error
    return first, second


def _standardized(values: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 in the training rows; the other rows have no influence. Constant columns become 0."""
    values = values.astype("float64")
    samples = tuple(range(max(values.ndim - 1, 1)))  # of sequences and images each place too: one scale for a channel
    mean, deviation = values[train].mean(axis=samples), values[train].std(axis=samples)
    return ((values - mean) / np.where(deviation > 0.0, deviation, 1.0)).astype("float32")
