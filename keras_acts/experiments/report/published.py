"""Published figures beside measured ones, drawn."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from keras_acts import plots
from keras_acts.experiments.presets.reproduction import Row
from keras_acts.experiments.report.figures import axes, label_rows

__all__ = ["draw_reproduction"]


def draw_reproduction(rows: Sequence[Row], *, ax: Axes | None = None) -> Axes:
    """A dot for each seed, a bar at their median, and a diamond for what was published.

    Args:
        rows: of one measure.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.
    """
    ax = axes(ax)
    for place, row in enumerate(rows):
        spread = np.linspace(-0.25, 0.25, len(row.finite)) if len(row.finite) > 1 else np.zeros(len(row.finite))
        ax.plot(row.finite, place + spread, "o", color=plots.COLORS[0], markersize=3, alpha=0.6)
        if row.finite:
            ax.plot([np.median(row.finite)] * 2, [place - 0.35, place + 0.35], color=plots.COLORS[0], linewidth=2.0)
        if row.published is not None:
            ax.plot(row.published, place, "D", color=plots.COLORS[4], markersize=7)
    names = [label for label in ("label", "activation") if len({getattr(row, label) for row in rows}) > 1] or ["label"]
    label_rows(ax, range(len(rows)), [": ".join(getattr(row, name) for name in names) for row in rows])
    seen = [value for row in rows for value in (*row.finite, *([] if row.published is None else [row.published]))]
    if seen and min(seen) > 0.0 and max(seen) > 50.0 * min(seen):
        ax.set_xscale("log")
    ax.invert_yaxis()
    ax.set_xlabel(rows[0].measure)
    ax.grid(alpha=0.25, axis="x")
    return ax
