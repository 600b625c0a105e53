"""Published figures beside measured ones, drawn."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from keras_acts import plots
from keras_acts.experiments.presets.reproduction import Row
from keras_acts.experiments.report.figures import label_rows

__all__ = ["draw_reproduction"]


def draw_reproduction(rows: Sequence[Row], *, ax: Axes | None = None) -> Axes:
    """A dot for each seed, a bar at their median, and a diamond for what was published.

    Args:
        rows: of one measure.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.
    """
    ax = plots.axes(ax)
    for place, row in enumerate(rows):
        spread = np.linspace(-0.25, 0.25, len(row.finite)) if len(row.finite) > 1 else np.zeros(len(row.finite))
        ax.plot(row.finite, place + spread, "o", color=plots.COLORS[0], markersize=3, alpha=0.6)
        if row.finite:
            ax.plot([np.median(row.finite)] * 2, [place - 0.35, place + 0.35], color=plots.COLORS[0], linewidth=2.0)
        if row.published.value is not None:
            ax.plot(row.published.value, place, "D", color=plots.COLORS[4], markersize=7)
    columns = [[row.published.label for row in rows], [row.published.activation for row in rows]]
    names = [column for column in columns if len(set(column)) > 1] or columns[:1]
    label_rows(ax, range(len(rows)), [": ".join(name) for name in zip(*names, strict=True)])
    seen = [value for row in rows for value in (*row.finite, row.published.value) if value is not None]
    if seen and min(seen) > 0.0 and max(seen) > 50.0 * min(seen):
        ax.set_xscale("log")
    ax.set_xlabel(rows[0].published.measure.name)
    ax.grid(alpha=0.25, axis="x")
    return ax
