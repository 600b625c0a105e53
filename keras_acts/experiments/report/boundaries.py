"""The decision boundary of a classifier of two-dimensional data."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.image import imsave
from numpy.typing import ArrayLike

from keras_acts import plots
from keras_acts.experiments.analysis.selection import Entry, Task
from keras_acts.experiments.report.charts import LIGHT, Figure, inline, style
from keras_acts.experiments.runs import plane
from keras_acts.experiments.task import data

__all__ = ["Boundary", "draw_boundary", "of_task", "planes"]

SIZE = 140
POINTS = 250  # drawn at most: more would cover what the classifier says


class Boundary(NamedTuple):
    """What a classifier of two-dimensional data says, and the data.

    Attributes:
        label: what the classifier is, such as its activation.
        decided: class numbers on `plane.grid(points)`, as `plane.decide` gives them.
        points: the data, of shape (samples, 2).
        classes: class numbers from 0 on, of shape (samples,).
    """

    label: str
    decided: np.ndarray
    points: np.ndarray
    classes: np.ndarray

    @property
    def kinds(self) -> int:
        """Number of classes."""
        return int(max(self.decided.max(), self.classes.max())) + 1

    @property
    def step(self) -> int:
        """Every how many points one is drawn."""
        return -(-len(self.points) // POINTS)

    @classmethod
    def of(cls, label: str, predict: Callable[[np.ndarray], Any], points: ArrayLike, classes: ArrayLike) -> Boundary:
        """Ask a classifier.

        Args:
            label: what it is.
            predict: maps points of shape (n, 2) to probabilities: shape (n,) or (n, 1) for the second of two classes,
                (n, classes) for more.
            points: the data, of shape (samples, 2).
            classes: class numbers from 0 on, of shape (samples,).

        Example:
            >>> half_plane = Boundary.of("x > 0", lambda xy: xy[:, 0] > 0.0, [[-1.0, 0.0], [1.0, 0.5]], [0, 1])
            >>> half_plane.decided[0, 0], half_plane.decided[0, -1]
            (np.int64(0), np.int64(1))
        """
        points = np.asarray(points, dtype="float64")
        return cls(label, plane.decide(predict, points), points, np.asarray(classes).astype(int))


def of_task(task: Task) -> list[Boundary]:
    """A boundary for each activation, that of the run with the median test score.

    Empty for data that are not two-dimensional, or can no longer be loaded.
    """
    found = []
    for entry in task.entries:
        record = _middle(entry)
        if record is None or record.decisions is None:
            continue
        try:
            split = data.load(task.data, record.run.seed)
        except (OSError, ValueError):
            return []
        classes = np.concatenate([split.train.y, split.validation.y, split.test.y])
        label = f"{entry.activation}, {record.score:.0%}"
        found.append(Boundary(label, plane.decode(record.decisions), split.points, classes))
    return found


def _middle(entry: Entry) -> Any:
    ordered = sorted((record for record in entry.records if not record.diverged), key=lambda record: record.score)
    return ordered[len(ordered) // 2] if ordered else None


def planes(boundaries: Sequence[Boundary]) -> Figure:
    """The planes side by side: what each classifier says as an image, and the data as dots over it."""
    drawn = [_plane(boundary) for boundary in boundaries]
    return Figure(alt.concat(*drawn, columns=3, spacing=12))


def _plane(boundary: Boundary) -> Any:
    colors = [number % len(plots.COLORS) for number in range(boundary.kinds)]
    shades = to_rgba_array([LIGHT[f"series-{number}"] for number in colors], alpha=0.35)
    image = io.BytesIO()
    imsave(image, shades[boundary.decided[::-1]], format="png")
    url = f"data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}"
    centre = alt.value(SIZE / 2)
    decided = alt.Chart(inline([{"url": url}])).mark_image(width=SIZE, height=SIZE)
    (left, *_, right), (bottom, *_, top) = plane.grid(boundary.points)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[left, right], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[bottom, top], nice=False))
    names = alt.Scale(domain=list(map(str, range(len(colors)))), range=[style(number)[0] for number in colors])
    points = zip(*boundary.points[:: boundary.step].T, boundary.classes[:: boundary.step], strict=True)
    data = [{"x": float(x), "y": float(y), "class": str(number)} for x, y, number in points]
    dots = alt.Chart(inline(data)).mark_circle(size=12, opacity=1.0)
    dots = dots.encode(x, y, alt.Color("class:N", scale=names, legend=None), alt.Tooltip("class:N", title="class"))
    chart = alt.layer(decided.encode(x=centre, y=centre, url="url:N"), dots)
    return chart.properties(title=boundary.label, width=SIZE, height=SIZE)


def draw_boundary(boundary: Boundary, *, ax: Axes | None = None) -> Axes:
    """What a classifier says in the plane, and the data.

    Args:
        boundary: classifier and data.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.
    """
    ax = plots.axes(ax)
    points, classes = boundary.points[:: boundary.step], boundary.classes[:: boundary.step]
    colors = [plots.COLORS[number % len(plots.COLORS)] for number in range(boundary.kinds)]
    levels = np.arange(boundary.kinds + 1) - 0.5
    ax.contourf(*plane.grid(boundary.points), boundary.decided, levels=levels, colors=colors, alpha=0.35)
    ax.scatter(points[:, 0], points[:, 1], c=[colors[number] for number in classes], s=4, linewidths=0.0)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.set_title(boundary.label, fontsize="small")
    return ax
