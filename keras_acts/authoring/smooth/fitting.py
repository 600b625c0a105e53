"""Parameters of a formula, fitted to a function."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from keras_acts import _extras
from keras_acts.analysis.elementwise import evaluate
from keras_acts.authoring.formula.record import FormulaActivation
from keras_acts.authoring.smooth.composing import Formula, Piece, made, piece
from keras_acts.authoring.smooth.steps import STEPS
from keras_acts.core.params import choice

CRITERIA = ("least squares", "minimax")
_POINTS = 801


class Fit(NamedTuple):
    """The activation with the best parameters, and how far it is from the function: RMS and largest error."""

    activation: FormulaActivation
    rms: float
    largest: float


def fit(
    formula: Formula,
    to: Formula,
    params: Mapping[str, float],
    low: float = -5.0,
    high: float = 5.0,
    criterion: str = "least squares",
) -> Fit:
    """Fit parameters of a formula to a function on an interval.

    minimises the integral of (f - g)^2, or the largest |f - g|, over low <= x <= high

    Args:
        formula: f, with parameters.
        to: g, a formula, a name, or an activation made by `define`.
        params: the parameters to fit, each with a value to start from.
        low: left end of the interval.
        high: right end of the interval, > low.
        criterion: "least squares" or "minimax".

    Returns:
        A `Fit`. The parameters are in `activation.all_params`.

    Raises:
        ValueError: for an empty interval, no parameters, an unknown criterion, or where the search finds no minimum.

    Example:
        >>> found = fit("a*x", "tanh", {"a": 1.0}, low=-1.0, high=1.0)
        >>> round(found.activation.all_params["a"], 3)
        0.843
    """
    with _extras.named():
        from scipy.optimize import least_squares

    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"`low` must be below `high`, both finite. Received: low={low!r}, high={high!r}")
    choice("criterion", criterion, "fit", CRITERIA)
    if not params:
        raise ValueError("`params` must name the parameters to fit, each with a value to start from. Received: {}")
    model, target = piece(formula), piece(to, STEPS)
    x = np.linspace(low, high, _POINTS)
    (wanted,) = evaluate(made(target.text, None, target), x)

    def activation(vector: np.ndarray) -> FormulaActivation:
        found = dict(zip(params, map(float, vector), strict=True))
        return made(model.text, None, Piece(model.text, {**model.params, **found}))

    def error(vector: np.ndarray) -> np.ndarray:
        return evaluate(activation(vector), x)[0] - wanted

    found = least_squares(error, list(params.values()), jac="3-point", xtol=1e-12, ftol=1e-12, gtol=1e-12)
    best = found.x if criterion == "least squares" else _minimax(error, found.x)
    if not (found.success and np.isfinite(best).all()):
        raise ValueError(f"The fit finds no minimum from params={dict(params)!r}; start nearer to it. {found.message}")
    rest = error(best)
    return Fit(activation(best), float(np.sqrt(np.mean(rest**2))), float(np.max(np.abs(rest))))


def _minimax(error: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> np.ndarray:
    """The parameters with the smallest t for which -t <= error <= t.

    t, in units of the error at the start, is the last number of a vector.
    """
    from scipy.optimize import minimize

    size = np.max(np.abs(error(start))) or 1.0

    def gaps(vector: np.ndarray) -> np.ndarray:
        rest = error(vector[:-1]) / size
        return np.concatenate([vector[-1] - rest, vector[-1] + rest])

    within = {"type": "ineq", "fun": gaps}
    return minimize(lambda vector: vector[-1], [*start, 1.0], constraints=within, options={"ftol": 1e-13}).x[:-1]
