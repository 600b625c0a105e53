"""Narrowing down in which part of a cell of a grid something lies, for many cells at once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Cells", "Place", "first_change", "highest", "jumps", "largest_jump", "narrowed"]

PARTS, ROUNDS = 64, 7  # a cell is divided 7 times, to 2e-13 of its width

# Values and derivatives up to an order, at points of any shape.
Evaluate = Callable[[np.ndarray, int], list[np.ndarray]]

# What one part of the cells is to hold, by the values of a derivative at the ends of its parts: indices of a part.
Pick = Callable[[np.ndarray], np.ndarray]


def first_change(mark: Callable[[np.ndarray], np.ndarray]) -> Pick:
    """The first part at whose ends `mark` differs from that at the left of the cell."""

    def pick(values: np.ndarray) -> np.ndarray:
        marks = mark(values)
        return np.argmax(marks[:, 1:] != marks[:, :1], axis=1)

    return pick


def largest_jump(values: np.ndarray) -> np.ndarray:
    """The part over which the derivative changes most."""
    return np.argmax(jumps(values), axis=1)


def highest(values: np.ndarray) -> np.ndarray:
    """The half of the cell around the highest end; two parts, of which the first is told."""
    return np.clip(np.argmax(np.abs(values), axis=1) - 1, 0, PARTS - 2)


def jumps(values: np.ndarray) -> np.ndarray:
    """Differences of neighbours; what is not finite counts as infinite."""
    return np.nan_to_num(np.abs(np.diff(values, axis=-1)), nan=np.inf)


class Cells(NamedTuple):
    """Cells of the grid that hold what is looked for, of the derivative of an order."""

    order: int
    pick: Pick
    low: np.ndarray
    high: np.ndarray
    width: int = 1  # how many parts are kept


class Place(NamedTuple):
    """What is left of cells: their middles, and the derivative at the lower ends and at the upper ends."""

    x: np.ndarray
    ends: np.ndarray


def narrowed(at: Evaluate, cells: list[Cells]) -> list[Place]:
    """What is left of each cell; one evaluation a round for all of them."""
    orders = max(each.order for each in cells)
    splits = np.cumsum([len(each.low) for each in cells])[:-1]
    low, high = (np.concatenate(ends) for ends in zip(*((each.low, each.high) for each in cells), strict=True))
    rows = np.arange(len(low))
    for _ in range(ROUNDS):
        points = np.linspace(low, high, PARTS + 1, axis=-1)
        values = np.split(np.array(at(points, orders)), splits, axis=1)
        kept = np.concatenate([each.pick(inner[each.order]) for each, inner in zip(cells, values, strict=True)])
        width = np.repeat([each.width for each in cells], [len(each.low) for each in cells])
        low, high = points[rows, kept], points[rows, kept + width]
    ends = np.array([low, high])
    values = np.split(np.array(at(ends, orders)), splits, axis=2)
    return [
        Place(0.5 * (low + high), inner[each.order])
        for each, (low, high), inner in zip(cells, np.split(ends, splits, axis=1), values, strict=True)
    ]
