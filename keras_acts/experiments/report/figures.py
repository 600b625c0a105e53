"""The figures of a comparison, one function each. They take plain data and `ax=None`, and return the axes.

Colours and line styles go by position, so that labels in one order look the same in all figures of a report.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from keras_acts import plots
from keras_acts.experiments.analysis.differences import Difference
from keras_acts.experiments.analysis.inference import mean_interval
from keras_acts.experiments.analysis.verdict import unit

__all__ = ["draw_costs", "draw_curves", "draw_differences", "draw_gradients", "draw_learning_rates", "draw_shares"]
__all__ += ["far_out", "with_diverged"]

BETTER, WORSE, NOT_SIGNIFICANT = plots.COLORS[0], plots.COLORS[4], plots.COLORS[7]
# Tukey's far-out fence: beyond three interquartile ranges.
FENCE = 3.0


def draw_curves(
    histories: Mapping[str, ArrayLike], *, metric: str = "loss", epochs: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """A metric by epoch: mean, 95 % confidence band and one thin line for each seed.

    Losses get a logarithmic axis. An activation whose last mean lies far out from all others does not stretch it but is
    named above the figure. Seeds with a value that is not finite are left out of mean and band, and
    counted in the label.

    Args:
        histories: by label, an array of shape (seeds, epochs).
        metric: "loss", "accuracy", or another name with a linear axis.
        epochs: the epoch of each column; 1, 2, ... by default.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes, with labelled lines and without a legend.

    Example:
        >>> ax = draw_curves({"relu": [[0.9, 0.5], [0.8, 0.4]], "gelu": [[0.8, 0.4], [0.7, 0.3]]})
        >>> ax.get_yscale(), ax.get_legend_handles_labels()[1]
        ('log', ['relu', 'gelu'])
    """
    ax = plots.axes(ax)
    finite = {}
    for label, values in histories.items():
        seeds = np.atleast_2d(np.asarray(values, dtype="float64"))
        kept = np.isfinite(seeds).all(axis=1)
        text = label if kept.all() else f"{label} ({np.sum(~kept)} of {len(kept)} diverged)"
        # A line of NaN keeps the colours of the others, and the label in the legend.
        finite[text] = seeds[kept] if kept.any() else np.full((1, seeds.shape[1]), np.nan)
    plots.draw_histories(finite, metric=metric, epochs=epochs, ax=ax)
    lines = {line.get_label(): line for line in ax.get_lines()}
    # The curves of the seeds set the limits of the axis: a band may reach zero, which a logarithmic axis cannot show.
    bottom, top = ax.get_ylim()
    for label, seeds in finite.items():
        if len(seeds) > 1:
            mean, half = mean_interval(seeds)
            low = np.maximum(mean - half, 1e-3 * bottom) if metric == "loss" else mean - half
            high = np.minimum(mean + half, 1.0) if metric == "accuracy" else mean + half
            line = lines[label]
            ax.fill_between(line.get_xdata(), low, high, color=line.get_color(), alpha=0.15, linewidth=0.0)
    ax.set_ylim(bottom, top)
    if metric == "loss":
        _drop_outliers(ax, {label: mean_interval(seeds)[0] for label, seeds in finite.items()})
    return ax


def _drop_outliers(ax: Axes, means: Mapping[str, np.ndarray]) -> None:
    """Fit a logarithmic axis to the labels that end within the fence, and name the others if that leaves them out."""
    positive = {label: mean for label, mean in means.items() if np.isfinite(mean).all() and (mean > 0.0).all()}
    if not positive:
        return
    far = far_out({label: float(np.log(mean[-1])) for label, mean in positive.items()})
    everything = np.array([mean for label, mean in positive.items() if label not in far])
    low, high = everything.min() / 1.2, everything.max() * 1.2
    outside = [label for label, mean in positive.items() if not low <= mean[-1] <= high]
    if outside:
        ax.set_ylim(low, high)
        ax.set_title("off the axis: " + ", ".join(outside), fontsize="small", loc="right")


def far_out(values: Mapping[str, float | None]) -> list[str]:
    """The labels whose values are far out from the others; none where there are too few to tell."""
    found = {label: value for label, value in values.items() if value is not None}
    if len(found) < 4:
        return []
    low, high = np.percentile(list(found.values()), [25.0, 75.0])
    reach = FENCE * (high - low)
    return [label for label, value in found.items() if not low - reach <= value <= high + reach]


def draw_differences(differences: Sequence[Difference], *, metric: str, ax: Axes | None = None) -> Axes:
    """Differences by seed from the baseline with their intervals, one row for each activation.

    Filled where the difference is significant, blue for better and vermilion for worse; hollow and grey where it is
    not.

    Args:
        differences: as `analysis.differences.differences` gives them.
        metric: name of the metric; accuracies are drawn in points.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.
    """
    ax = plots.axes(ax)
    factor = 100.0 if metric == "accuracy" else 1.0
    ax.axvline(0.0, color="0.5", linewidth=1.0)
    for row, found in enumerate(differences):
        color = (BETTER if found.better else WORSE) if found.significant else NOT_SIGNIFICANT
        ax.plot([factor * found.low, factor * found.high], [row, row], color=color, linewidth=2.0)
        fill = "full" if found.significant else "none"
        ax.plot(factor * found.mean, row, "o", color=color, markersize=7, fillstyle=fill)
    label_rows(ax, range(len(differences)), [with_diverged(found) for found in differences])
    ax.margins(y=0.15)
    if differences:
        towards = "right" if differences[0].higher_is_better else "left"
        ax.set_xlabel(f"{metric} minus that of {differences[0].baseline}\nin {unit(metric)}, {towards} is better")
    ax.grid(alpha=0.25, axis="x")
    return ax


def draw_learning_rates(
    validation: Mapping[str, Mapping[float, ArrayLike]], *, metric: str, ax: Axes | None = None
) -> Axes:
    """The last validation metric by learning rate: mean over seeds and 95 % interval.

    Args:
        validation: by label and learning rate, one value for each seed. Those that are not finite are left out.
        metric: name of the metric.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes, with labelled lines and without a legend.
    """
    ax = plots.axes(ax)
    for number, (label, rates) in enumerate(validation.items()):
        color, style = plots.style(number)
        means, halves = np.array([mean_interval(values) for values in rates.values()]).T
        # Shifted a little, so that the error bars of two activations do not hide each other.
        x = np.array(list(rates)) * 1.03 ** (number - (len(validation) - 1) / 2.0)
        ax.errorbar(x, means, halves, label=label, color=color, linestyle=style, marker="o", markersize=4, capsize=2)
    ax.set_xscale("log")
    rates_of_all = sorted({rate for rates in validation.values() for rate in rates})
    ax.set_xticks(rates_of_all, [f"{rate:g}" for rate in rates_of_all])
    ax.minorticks_off()
    ax.set(xlabel="learning rate", ylabel=f"validation {metric}")
    ax.grid(alpha=0.25)
    return ax


def draw_costs(costs: Mapping[str, ArrayLike], *, quantity: str, ax: Axes | None = None) -> Axes:
    """A cost of each activation: a bar up to the median, a dot for each run.

    Args:
        costs: by label, one value for each run.
        quantity: name and unit for the axis, such as "time of a step in ms".
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.
    """
    ax = plots.axes(ax)
    for row, values in enumerate(costs.values()):
        values = np.asarray(values, dtype="float64")
        ax.barh(row, np.median(values), color=plots.COLORS[0], alpha=0.35)
        ax.plot(values, np.full(len(values), row), "o", color=plots.COLORS[0], markersize=3)
    label_rows(ax, range(len(costs)), list(costs))
    ax.set(xlim=(0.0, None), xlabel=quantity)
    ax.grid(alpha=0.25, axis="x")
    return ax


def draw_gradients(
    norms: Mapping[str, ArrayLike],
    predictions: Mapping[str, ArrayLike] | None = None,
    *,
    layers: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Gradient norm of each layer's kernel: the median over seeds, and the theory's prediction as a dotted line.

    A line that falls towards the first layer shows vanishing gradients, one that rises exploding ones.

    Args:
        norms: by label, an array of shape (seeds, layers), first layer first.
        predictions: by label, an array of shape (layers,) with NaN where nothing is predicted.
        layers: names of the layers; numbers by default.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes, with labelled lines and without a legend.
    """
    ax = plots.axes(ax)
    for number, (label, values) in enumerate(norms.items()):
        color, style = plots.style(number)
        median = np.median(np.atleast_2d(values), axis=0)
        x = np.arange(1, len(median) + 1)
        ax.plot(x, median, style, color=color, marker="o", markersize=4, label=label)
        if predictions and label in predictions:
            ax.plot(x, predictions[label], ":", color=color, linewidth=3.0, alpha=0.5)
    ax.set(yscale="log", xlabel="layer, from input to output", ylabel="gradient norm")
    if _fit(layers):
        ax.set_xticks(range(1, len(layers) + 1), layers)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.25)
    return ax


def draw_shares(
    shares: Mapping[str, ArrayLike], *, quantity: str, layers: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Share of units in a state, as a table of colours: activations by layers.

    Args:
        shares: by label, one share in [0, 1] for each layer, NaN where there is none.
        quantity: what the share is of, such as "dead units after training".
        layers: names of the layers; numbers by default.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.
    """
    ax = plots.axes(ax)
    values = np.array(list(shares.values()), dtype="float64")
    ax.pcolormesh(np.ma.masked_invalid(values), cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="face")
    if values.shape[1] <= 12:
        for (y, x), value in np.ndenumerate(values):
            if np.isfinite(value):
                color = "#fefefe" if value > 0.55 else "#111111"
                ax.text(x + 0.5, y + 0.5, f"{value:.0%}", color=color, ha="center", va="center", fontsize="small")
    label_rows(ax, np.arange(len(shares)) + 0.5, list(shares))
    names = list(layers) if _fit(layers) else [str(number + 1) for number in range(values.shape[1])]
    ax.set_xticks(np.arange(values.shape[1]) + 0.5, names)
    ax.set(xlabel="layer", title=quantity)
    return ax


def with_diverged(found: Difference) -> str:
    """The activation, and how many of its runs diverged."""
    return f"{found.activation} ({found.diverged} diverged)" if found.diverged else found.activation


def label_rows(ax: Axes, rows: Iterable[float], labels: Sequence[str]) -> None:
    """Name the rows, the first on top. Long spec strings are broken into two lines, which leaves room to the figure."""
    wrapped = [label.replace("(", "\n(", 1) if len(label) > 18 else label for label in labels]
    ax.set_yticks(list(rows), wrapped, fontsize="small" if len(labels) > 8 else "medium")
    ax.invert_yaxis()


def _fit(names: Sequence[str]) -> bool:
    """True if there are names, and room for them side by side."""
    return 0 < sum(map(len, names)) <= 30
