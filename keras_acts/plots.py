"""Figures, one function each. They take plain data and `ax=None`, and return the axes they drew on.

matplotlib is imported where it is used, so that the terminal plot does without it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from keras_acts import _extras, notation
from keras_acts.analysis import Propagation, elementwise
from keras_acts.core import resolve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLORS", "DARK", "LIGHT", "LINE_STYLES", "Curve", "draw_function", "draw_histories", "draw_monitor"]
__all__ += ["draw_propagation", "evaluate", "fine_grid", "terminal_plot"]

# Okabe-Ito without its yellow, which is unreadable on white: distinguishable with colour-blind eyes too.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#888888")
LINE_STYLES = ("-", "--", ":", "-.")

# The colours of pages, light and dark, by name.
# Okabe and Ito's colours, darkened or lightened to 3:1 against the page; a violet for their sky blue, too near to blue.
_NAMES = ("page", "text", "soft", "line", "panel", "accent", *(f"series-{number}" for number in range(8)))
_LIGHT = "#ffffff #1b1f24 #57606a #d0d7de #f6f8fa #0059a8 "
_LIGHT += "#0072b2 #b87a00 #008f68 #c2609a #d55e00 #6a4fc4 #000000 #767676"
_DARK = "#14181d #e6eaee #a3adb8 #3a424c #1c2229 #7cbcf5 "
_DARK += "#56a8e0 #e69f00 #2bc79a #e08fbd #f0803c #a99af5 #f2f2f2 #a0a0a0"
LIGHT, DARK = (dict(zip(_NAMES, colors.split(), strict=True)) for colors in (_LIGHT, _DARK))


# ---- Data ------------------------------------------------------------------------------------------------------------


class Curve(NamedTuple):
    """An activation and its first two derivatives at the points x, all float64 arrays of one length."""

    x: np.ndarray
    value: np.ndarray
    derivative: np.ndarray
    second_derivative: np.ndarray


def evaluate(activation: str | Callable[..., Any], x: ArrayLike) -> Curve:
    """f, f' and f'' at the points `x`, in float64, from the library's own functions and derivatives.

    An activation over an axis is shown on pairs: its first output for the input (x, 0).

    Args:
        activation: a name, a spec string such as "elu(alpha=0.5)", or a function of one float tensor.
        x: points, a sequence of floats.

    Returns:
        A `Curve`.

    Raises:
        ValueError: for an unknown activation.

    Example:
        >>> evaluate("relu2", [-1.0, 3.0]).derivative.tolist()
        [0.0, 6.0]
    """
    function = resolve.get(activation)
    if elementwise.is_over_axis(function):
        function = _first_of_pair(function)
    points = np.asarray(x, dtype="float64")
    return Curve(points, *elementwise.evaluate(function, points, orders=2))


def derivative_names(function: Callable[..., Any]) -> tuple[str, str]:
    """What the first and the second derivative are called: of a surrogate gradient they are those of no value."""
    declaration, params = resolve.declaration_of(function)
    if declaration is None or declaration.surrogate_at(params) is None:
        return "f'(x)", "f''(x)"
    return "surrogate of f'(x)", "its derivative"


def fine_grid(low: float = -5.0, high: float = 5.0) -> np.ndarray:
    """Points dense enough for `terminal_plot`, which draws nothing between them."""
    return np.linspace(low, high, 4001)


def _first_of_pair(function: Callable[..., Any]) -> Callable[..., Any]:
    """First output for the input (x, 0). The axis that the function was bound to makes no difference to it."""
    declaration, params = resolve.declaration_of(function)
    assert declaration is not None
    along_last = declaration.with_params({**params, "axis": -1})
    return lambda x: along_last(ops.stack([x, ops.zeros_like(x)], axis=-1))[:, 0]


# ---- Figures ---------------------------------------------------------------------------------------------------------


def draw_function(
    activation: str | Callable[..., Any], low: float = -5.0, high: float = 5.0, ax: "Axes | None" = None
) -> "Axes":
    """An activation with its first and second derivative; of a surrogate gradient, that and its derivative.

    Args:
        activation: a name, a spec string, or a function of one float tensor.
        low: left end of the plot.
        high: right end of the plot.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: for an unknown activation.

    Example:
        plots.draw_function("mish").figure.savefig("mish.png")
    """
    function = resolve.get(activation)
    kinks = np.array([kink for kink in elementwise.kinks(function) if low < kink < high])
    nearby = 1e-9 * (high - low)
    x = np.unique(np.concatenate([np.linspace(low, high, 1001), kinks, kinks - nearby, kinks + nearby]))
    curve = evaluate(function, x)

    ax = axes(ax)
    ax.axhline(0.0, color="0.75", linewidth=0.8)
    ax.axvline(0.0, color="0.75", linewidth=0.8)
    names = ("f(x)", *derivative_names(function))
    labels, widths = [re.sub(r"f'*\(x\)", r"$\g<0>$", name) for name in names], (2.4, 1.8, 1.4)
    for label, y, width, color, line in zip(labels, curve[1:], widths, COLORS, LINE_STYLES, strict=False):
        # Lines break at kinks: a jump is drawn as a jump and not as a steep line.
        ax.plot(x, np.where(np.isin(x, kinks), np.nan, y), line, label=label, color=color, linewidth=width)
    ax.set(xlim=(low, high), xlabel="x")
    ax.set_title(_title(function), fontsize=12, pad=10)
    ax.grid(alpha=0.25)
    ax.legend()
    return ax


def draw_histories(
    histories: Mapping[str, ArrayLike],
    *,
    metric: str = "loss",
    title: str = "",
    epochs: ArrayLike | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """A metric by epoch: one colour for each label, a bold line for the mean over seeds, a thin one for each seed.

    Losses get a logarithmic axis. Accuracies get an axis that widens towards 100 %, where the activations differ, so
    that one that lags behind does not squeeze the others together.

    Args:
        histories: by label, an array of shape (seeds, epochs).
        metric: "loss", "accuracy", or another name with a linear axis.
        title: title of the axes.
        epochs: the epoch of each column; 1, 2, ... by default.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes, with labelled lines and without a legend.

    Example:
        plots.draw_histories({"relu": [[0.9, 0.5, 0.3]], "gelu": [[0.8, 0.4, 0.2]]}).legend()
    """
    ax = axes(ax)
    from matplotlib.ticker import LogLocator, MaxNLocator

    for number, (label, values) in enumerate(histories.items()):
        seeds = np.atleast_2d(np.asarray(values, dtype="float64"))
        x = np.arange(1, seeds.shape[1] + 1) if epochs is None else np.asarray(epochs)
        color, line = style(number)
        if len(seeds) > 1:
            ax.plot(x, seeds.T, line, color=color, linewidth=0.8, alpha=0.4)
        # A single epoch has no line; only a marker shows it.
        marker = "o" if len(x) == 1 else ""
        ax.plot(x, seeds.mean(axis=0), line, color=color, linewidth=2.0, marker=marker, label=label)
    if metric == "loss":
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    elif metric == "accuracy":
        _widen_towards_one(ax)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=metric, title=title)
    ax.grid(alpha=0.25, which="both")
    return ax


def draw_propagation(found: Propagation, *, ax: "Axes | None" = None) -> "Axes":
    """Variances of signals and of gradients by layer: lines as predicted, dots as measured, one for each network.

    Args:
        found: by `keras_acts.analysis.propagate`.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes, with a logarithmic y.

    Example:
        plots.draw_propagation(keras_acts.analysis.propagate("gelu", 30, keras_acts.paired("gelu", deep=True)))
    """
    ax = axes(ax)
    layers = np.arange(1, len(found.predicted_variance) + 1)
    series = {
        "signals": (found.predicted_variance, found.measured_variance),
        "gradients": (found.predicted_gradient, found.measured_gradient),
    }
    for number, (label, (predicted, measured)) in enumerate(series.items()):
        color, line = style(number)
        ax.plot(layers, predicted, line, color=color, linewidth=2.0, label=f"{label}, predicted")
        ax.plot(layers, measured.T, "o", color=color, markersize=2.5, alpha=0.6)
    ax.plot([], [], "o", color="0.5", markersize=2.5, label="measured")
    ax.set_yscale("log")
    ax.set(xlabel="layer", ylabel="variance", title=found.name)
    ax.grid(alpha=0.25)
    ax.legend()
    return ax


def draw_monitor(
    records: Sequence[tuple[int, int, str, str, float]], statistic: str = "dead", *, ax: "Axes | None" = None
) -> "Axes":
    """A statistic of the activations of a model in training: depth upwards, time to the right, its value as colour.

    Args:
        records: (step, epoch, layer, statistic, value) each, in the order of the layers: `ActivationMonitor.records`.
        statistic: which of them. Variances and gradient norms get a logarithmic colour scale, shares one from 0 to 1.
        ax: matplotlib axes to draw on; a new figure by default.

    Returns:
        The axes, with a colour bar beside them.

    Raises:
        ValueError: if there is no such statistic.

    Example:
        plots.draw_monitor(monitor.records, "gradient_norm").figure.savefig("gradients.png")
    """
    of_statistic = {(step, layer): value for step, _, layer, name, value in records if name == statistic}
    if not of_statistic:
        known = ", ".join(sorted({name for *_, name, _ in records})) or "none, as there are no records"
        raise ValueError(f"`statistic` must be one of: {known}. Received: statistic={statistic!r}")
    steps, layers = (list(dict.fromkeys(each)) for each in zip(*of_statistic, strict=True))
    values = np.array([[of_statistic.get((step, layer), np.nan) for step in steps] for layer in layers])
    values[~np.isfinite(values)] = np.nan

    ax = axes(ax)
    from matplotlib.colors import LogNorm, Normalize

    positive = values[values > 0.0]
    norm = Normalize(0.0, 1.0) if statistic in ("dead", "saturated") else Normalize()
    if statistic in ("variance", "gradient_norm") and positive.size:
        norm = LogNorm(positive.min(), max(positive.max(), positive.min() * 1.001))
    image = ax.imshow(values, aspect="auto", origin="lower", cmap="cividis", norm=norm, interpolation="nearest")
    shown = np.unique(np.linspace(0, len(steps) - 1, 6).astype(int))
    ax.set_xticks(shown, [str(steps[place]) for place in shown])
    ax.set_yticks(range(len(layers)), layers)
    ax.set(xlabel="step", title=statistic.replace("_", " "))
    ax.figure.colorbar(image, ax=ax)
    return ax


def style(number: int) -> tuple[str, str]:
    """Color and line style of a curve, by its number."""
    turn, place = divmod(number, len(COLORS))
    return COLORS[place], LINE_STYLES[turn % len(LINE_STYLES)]


def _widen_towards_one(ax: "Axes") -> None:
    """A logarithmic axis of the error 1 - accuracy, labelled with the accuracy, growing upwards, that reaches 1."""
    floor = 0.02  # keeps the logarithm finite at accuracy 1
    ax.set_yscale(
        "function",
        functions=(lambda y: -np.log(np.maximum(1.0 - y, 0.0) + floor), lambda z: 1.0 - (np.exp(-z) - floor)),
    )
    ticks = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 1.0)
    ax.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    ax.set_ylim(0.0, 1.0)


def axes(ax: "Axes | None") -> "Axes":
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    with _extras.named():
        import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _title(function: Callable[..., Any]) -> str:
    """The name and the formula; the name alone where matplotlib cannot typeset the formula."""
    from matplotlib.mathtext import MathTextParser

    name = getattr(function, "__name__", "")
    declaration, params = resolve.declaration_of(function)
    if declaration is None:
        return name
    try:
        formula = f"${notation.latex(declaration.formula_at(params))}$"
        MathTextParser("path").parse(formula)
    except ValueError:
        return name
    if elementwise.is_over_axis(function):
        name += ", first output for the input (x, 0)"
    return f"{name}\n{formula}"


# ---- The terminal ----------------------------------------------------------------------------------------------------


def terminal_plot(x: ArrayLike, y: ArrayLike, width: int = 36, height: int = 12) -> list[str]:
    """A curve in braille dots with its axes, as lines of text.

    Only the points given are drawn, nothing between them, so that a jump stays a jump: give many.

    Args:
        x: increasing points.
        y: values at the points; those that are not finite are left out.
        width: characters from edge to edge, labels included; at least 20.
        height: lines of the plot, without the line of labels below it; at least 3.

    Returns:
        `height + 1` lines, each at most `width` characters.

    Example:
        print("\\n".join(plots.terminal_plot(*plots.evaluate("mish", np.linspace(-5, 5, 4000))[:2])))
    """
    x, y = np.asarray(x, dtype="float64"), np.asarray(y, dtype="float64")
    finite = np.isfinite(y)
    low, high = min(0.0, y[finite].min(initial=0.0)), max(0.0, y[finite].max(initial=0.0))
    if low == high:
        high = 1.0
    gutter = 7
    columns = width - gutter

    def row_of(value: Any) -> Any:  # in dots, four to a line, from the top
        return np.rint((high - value) / (high - low) * (4 * height - 1)).astype(int)

    def column_of(value: Any) -> Any:  # in dots, two to a character
        return np.rint((value - x[0]) / (x[-1] - x[0]) * (2 * columns - 1)).astype(int)

    dots = np.zeros((4 * height, 2 * columns), dtype=bool)
    dots[row_of(y[finite]), column_of(x[finite])] = True

    zero_row, zero_column = int(row_of(0.0)) // 4, None
    grid = np.full((height, columns), " ")
    grid[zero_row] = "─"
    if x[0] < 0.0 < x[-1]:
        zero_column = int(column_of(0.0)) // 2
        grid[:, zero_column] = "│"
        grid[zero_row, zero_column] = "┼"
    braille = np.einsum("ridj,ij->rd", dots.reshape(height, 4, columns, 2), _BRAILLE_BITS)
    grid[braille > 0] = [chr(0x2800 + bits) for bits in braille[braille > 0]]

    labels = {0: f"{high:.3g}", height - 1: f"{low:.3g}"} | {zero_row: "0"}
    lines = [f"{labels.get(row, ''):>{gutter - 1}} " + "".join(line) for row, line in enumerate(grid)]
    below = " " * gutter + f"{x[0]:g}"
    if zero_column is not None:
        below = below.ljust(gutter + zero_column) + "0"
    right = f"{x[-1]:g}"
    room = width - len(right)
    return [line.rstrip() for line in [*lines, below[:room].ljust(room) + right]]


# Unicode's numbering of the eight dots of a braille character.
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
