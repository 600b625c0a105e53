"""Decisions of a classifier of two-dimensional data on a grid, and their form as text."""

import string
from collections.abc import Callable
from typing import Any

import numpy as np

SIZE = 80
CHARACTERS = string.digits + string.ascii_lowercase


def grid(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The x of the columns and the y of the rows of a square around the points, a tenth wider on each side.

    Example:
        >>> x, y = grid(np.array([[-1.0, 0.0], [1.0, 1.0]]))
        >>> float(x[0]), float(x[-1]), float(y[0]), float(y[-1])
        (-1.2, 1.2, -0.7, 1.7)
    """
    points = np.asarray(points, dtype="float64")
    middle, reach = (points.max(axis=0) + points.min(axis=0)) / 2.0, 0.6 * np.ptp(points, axis=0).max()
    x, y = (np.linspace(center - reach, center + reach, SIZE) for center in middle)
    return x, y


def decide(predict: Callable[[np.ndarray], Any], points: np.ndarray) -> np.ndarray:
    """The class that a classifier gives to each point of the grid, of shape (SIZE, SIZE), rows from the bottom.

    Args:
        predict: maps points of shape (n, 2) to scores: shape (n,) or (n, 1) for the probability of the second of two
            classes, (n, classes) for more.
        points: the data, of shape (samples, 2).
    """
    asked = np.stack(np.meshgrid(*grid(points)), axis=-1).reshape(-1, 2).astype("float32")
    scores = np.asarray(predict(asked), dtype="float64").reshape(len(asked), -1)
    decided = scores[:, 0] > 0.5 if scores.shape[1] == 1 else scores.argmax(axis=1)
    return decided.astype(int).reshape(SIZE, SIZE)


def encode(decided: np.ndarray) -> tuple[str, ...]:
    """Classes as text, a string for each row; for at most 36 classes."""
    return tuple("".join(CHARACTERS[number] for number in row) for row in decided)


def decode(rows: tuple[str, ...]) -> np.ndarray:
    """Classes from the text that `encode` made.

    Example:
        >>> decode(("01", "12")).tolist()
        [[0, 1], [1, 2]]
    """
    return np.array([[CHARACTERS.index(letter) for letter in row] for row in rows])
