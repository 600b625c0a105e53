"""The decision boundary of a classifier of two-dimensional data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from keras_acts import plots
from keras_acts.experiments.figures import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Boundary(NamedTuple):
    """A classifier of two-dimensional data, and the data.

    Attributes:
        label: what the classifier is, such as its activation.
        predict: maps points of shape (n, 2) to probabilities: shape (n,) or (n, 1) for the second of two classes,
            (n, classes) for more.
        points: the data, of shape (samples, 2).
        classes: class numbers from 0 on, of shape (samples,).
    """

    label: str
    predict: Callable[[np.ndarray], Any]
    points: ArrayLike
    classes: ArrayLike


def draw_boundary(boundary: Boundary, *, ax: "Axes | None" = None) -> "Axes":
    """What a classifier says in the plane, and the data.

    Args:
        boundary: classifier and data.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.

    Example:
        >>> half_plane = Boundary("x > 0", lambda xy: (xy[:, 0] > 0.0) * 1.0, [[-1.0, 0.0], [1.0, 0.5]], [0, 1])
        >>> draw_boundary(half_plane).get_title()
        'x > 0'
    """
    ax = axes(ax)
    points, classes = np.asarray(boundary.points, dtype="float64"), np.asarray(boundary.classes).astype(int)
    middle, reach = (points.max(axis=0) + points.min(axis=0)) / 2.0, 0.6 * np.ptp(points, axis=0).max()
    x, y = (np.linspace(center - reach, center + reach, 120) for center in middle)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    scores = np.asarray(boundary.predict(grid.reshape(-1, 2).astype("float32")), dtype="float64").reshape(
        grid.shape[0] ** 2, -1
    )
    if scores.shape[1] == 1:
        scores = np.hstack([1.0 - scores, scores])
    count = scores.shape[1]
    colors = [plots.COLORS[number % len(plots.COLORS)] for number in range(count)]
    decided = scores.argmax(axis=1).reshape(grid.shape[:2])
    ax.contourf(x, y, decided, levels=np.arange(count + 1) - 0.5, colors=colors, alpha=0.35)
    ax.scatter(points[:, 0], points[:, 1], c=[colors[number] for number in classes], s=10, linewidths=0.0)
    ax.set_aspect("equal")
    ax.set_title(boundary.label)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax
