"""All that can be computed about an activation, in one record."""

import math
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from keras_acts.analysis import moments
from keras_acts.analysis.elementwise import Activation, Elementwise
from keras_acts.analysis.fixed_points import Statistics, statistics
from keras_acts.analysis.landmarks import Landmarks, landmarks
from keras_acts.analysis.signals import Signals, signals

__all__ = ["Affine", "Analysis", "analyze"]


class Affine(NamedTuple):
    """The activation scale f(x) + shift, and the slope of its variance map at variance 1: below 1 it attracts."""

    scale: float
    shift: float
    slope: float


@dataclass(frozen=True)
class Analysis(Landmarks):
    """What `Landmarks` has, and what becomes of signals.

    Attributes:
        name: of the function.
        statistics: gain, moments under N(0, 1), stability and critical point; None where there is no gain, as the
            function is zero almost everywhere or has an infinite second moment. So are those below.
        signals: fixed points of variance and correlation with weights of that gain and no biases.
        standardized: the constants with E = 0 and E^2 = 1 for z ~ N(0, 1), those of
            `keras_acts.initializers.standardize`; self-normalising where the slope is below 1.
        poincare: the constants with E f^2 = E f'^2 = 1, which keep signals and gradients; None where there are none.
    """

    name: str
    statistics: Statistics | None
    signals: Signals | None
    standardized: Affine | None
    poincare: Affine | None

    def __repr__(self) -> str:
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        shown["traits"] = ", ".join(sorted(map(str, self.traits))) or "none"
        return "\n".join([f"Analysis of {shown.pop('name')}", *(f"  {name}: {shown[name]}" for name in shown)])


def analyze(activation: Activation) -> Analysis:
    """What can be computed about an activation: its curve, and what it does to signals in a deep network.

    Nothing is taken from the declaration but kinks, where there is one; so a function of your own is told as much of,
    and the traits that were declared can be held against `traits`.

    Of a surrogate gradient, what is said of derivatives is about the surrogate.

    Args:
        activation: a name, a spec string, a formula by `define`, a callable of one float tensor that is written with
            keras.ops, or an activation layer such as PReLU, which counts with its initial weights.

    Returns:
        An `Analysis`.

    Raises:
        ValueError: for an unknown name, an activation over an axis, or one that is NaN at ordinary numbers.
        TypeError: for something that is no activation, or has no derivative.

    Example:
        >>> found = analyze("gelu")
        >>> found.range, found.extrema[0].x, found.smoothness_class
        ((-0.1699712075, inf), -0.7517915247, 'smooth')
        >>> round(found.statistics.gain, 6), round(found.statistics.critical.bias_variance, 8)
        (1.53353, 0.17292239)
    """
    measured = Elementwise(activation)
    curve: dict[str, Any] = vars(landmarks(activation))
    try:
        found = statistics(activation)
    except ValueError:  # no gain
        return Analysis(**curve, name=measured.name, statistics=None, signals=None, standardized=None, poincare=None)
    response, of_mean = found.slope / found.gain**2, moments.mean_response(measured)

    def affine(scale: float, shift: float) -> Affine:
        return Affine(scale, shift, scale * scale * response + 2.0 * scale * shift * of_mean)

    standardized = poincare = None
    if found.variance > 1e-14:
        scale = 1.0 / math.sqrt(found.variance)
        standardized = affine(scale, -found.mean * scale)
    if found.derivative_second_moment > 1e-14:
        scale = 1.0 / math.sqrt(found.derivative_second_moment)
        rest = 1.0 - scale * scale * found.variance
        poincare = affine(scale, math.sqrt(max(rest, 0.0)) - scale * found.mean) if rest > -1e-12 else None
    return Analysis(
        **curve,
        name=measured.name,
        statistics=found,
        signals=signals(activation, found.gain**2),
        standardized=standardized,
        poincare=poincare,
    )
