"""S-shaped functions: smooth versions of the step H(x), from 0 to 1, or of sign(x), from -1 to 1."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from keras_acts.analysis.elementwise import evaluate
from keras_acts.authoring.formula.record import FormulaActivation
from keras_acts.authoring.smooth.asymptotes import SHARP, sharp_limit
from keras_acts.authoring.smooth.composing import Formula, Piece, literal, made, piece
from keras_acts.core.params import finite_number


@dataclass(frozen=True)
class Step(Piece):
    """A step, and what is known of it.

    Args:
        text: S(x).
        params: its parameters.
        unit: S brought to the range (0, 1), where (1 + S) / 2 would cancel for x << 0; "" elsewhere.
        integral: the integral of that from -inf to x, where there is a closed form; "" elsewhere.
    """

    unit: str = ""
    integral: str = ""


STEPS = MappingProxyType(
    {
        "sigmoid": Step("sigmoid(x)", integral="log(1 + exp(x))"),
        "tanh": Step("tanh(x)", integral="log(1 + exp(2*x))/2"),
        "normal_cdf": Step("normal_cdf(x)", integral="x*normal_cdf(x) + exp(-x**2/2)/sqrt(2*pi)"),
        "erf": Step("erf(x)", integral="x*normal_cdf(sqrt(2)*x) + exp(-x**2)/(2*sqrt(pi))"),
        "tanh_cubic": Step("tanh(a*(x + b*x**3))", {"a": 0.7978845608028654, "b": 0.044715}),
        "arctan": Step("2/pi*arctan(x)", unit="where(x < -1, arctan(-1/x)/pi, 0.5 + arctan(x)/pi)"),
        "gudermannian": Step("4/pi*arctan(tanh(x/2))", unit="2/pi*arctan(exp(x))"),
        "softsign": Step("x/(1 + abs(x))", unit="where(x < 0, 0.5/(1 + abs(x)), 0.5 + 0.5*x/(1 + abs(x)))"),
        "algebraic": Step("x/(1 + abs(x)**p)**(1/p)", {"p": 2.0}, integral="(x + sqrt(1 + x**2))/2"),
        "gompertz": Step("exp(-exp(-x))"),
        "cloglog": Step("1 - exp(-exp(x))"),
        "tanh_softplus": Step("tanh(log(1 + exp(x)))"),
    }
)
_SAMPLE = np.linspace(-4.0, 4.0, 33)


def step(shape: Formula, name: str | None = None, **params: float) -> FormulaActivation:
    """A smooth step, from 0 to 1 or from -1 to 1.

    f(x) = S(x)

    The names and their formulas are in `smooth.STEPS`: sigmoid, normal_cdf, gompertz, cloglog and tanh_softplus (the
    gate of mish) lead from 0 to 1; tanh, erf, tanh_cubic (the approximation of erf(x/sqrt(2)) in GELU's tanh form),
    arctan, gudermannian, softsign and algebraic, x / (1 + |x|^p)^(1/p), from -1 to 1. Any other formula with such
    limits is a step as well.

    Args:
        shape: a name, or a formula in plain text.
        name: a name under which strings find it in this process, or None.
        **params: parameters of the formula, such as p of algebraic.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: for an unknown name, with near matches, or a function whose limits are not those of a step.

    Example:
        >>> step("algebraic", p=3.0)
        formula: x/(1 + abs(x)**p)**(1/p), p=3.0
    """
    found = piece(shape, STEPS)
    result = made(found.text, name, Piece(found.text, {**found.params, **params}))
    _limits(result)
    return result


def _limits(activation: FormulaActivation) -> str:
    """ "step" or "sign", whichever it approaches.

    Raises:
        ValueError: if it approaches neither.
    """
    ((left, right),) = evaluate(activation, [-1e300, 1e300])
    for kind in ("step", "sign"):
        if np.allclose([left, right], [SHARP[kind].left, SHARP[kind].right], rtol=0.0, atol=1e-9):
            return kind
    raise ValueError(
        "A step must rise from 0 to 1, or from -1 to 1, between x = -inf and x = inf. "
        f"Received: {activation!r}, with the limits {left:.6g} and {right:.6g}"
    )


def unit_step(shape: Formula, name: str | None = None) -> FormulaActivation:
    """A step brought to the range (0, 1): a smooth version of H(x).

    f(x) = S(x), or (1 + S(x)) / 2 if S leads from -1 to 1

    Args:
        shape: a name of `smooth.STEPS`, a formula, or an activation made by `define`.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: for an unknown name, or a function whose limits are not those of a step.

    Example:
        >>> unit_step("erf")
        formula: 0.5 + 0.5*erf(x)
    """
    found = piece(shape, STEPS)
    kind = _limits(made(found.text, None, found))
    known = next((entry for entry in STEPS.values() if entry.text == found.text), None)
    if known is not None and known.unit:
        found = Piece(known.unit, found.params)
    elif kind == "sign":
        found = Piece(f"0.5 + 0.5*{found}", found.params)
    return made(found.text, name, found)


def integral(shape: Formula, name: str | None = None) -> FormulaActivation:
    """A smooth rectifier: the integral of a smooth step, as relu is the integral of H.

    f(x) = integral of S(t) over t from -inf to x, with S brought to the range (0, 1)

    Convex, monotonic and never below relu; its derivative is the step. sigmoid gives softplus, normal_cdf the mean of
    relu under normal noise, algebraic gives squareplus.

    Args:
        shape: sigmoid, tanh, normal_cdf, erf, algebraic (with p = 2), or the same of k x, in any notation.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: for a step whose integral has no closed form here, or is infinite.

    Example:
        >>> integral("tanh(0.5*x)")
        formula: log(1 + exp(x))
    """
    unit = unit_step(shape)
    if evaluate(unit, -1e300)[0] * 1e300 > 1e-3:
        raise ValueError(
            "The integral of a step is finite if it approaches 0 faster than 1 / |x|. "
            f"Received: {shape!r}. Take `gate` instead, or a step such as 'sigmoid'."
        )
    candidates = {known: _steepness(unit, known) for known, entry in STEPS.items() if entry.integral}
    found = [(known, k) for known, k in candidates.items() if k is not None]
    if not found:
        raise ValueError(
            f"The integral is known of {', '.join(candidates)}, and of the same of k x. If you know that of another "
            f"step, pass it to `keras_acts.define`. Received: {shape!r}"
        )
    known, k = next(((known, k) for known, k in found if k == 1.0), found[0])
    return made(_sharpened(Piece(STEPS[known].integral), k), name)


def _steepness(unit: FormulaActivation, known: str) -> float | None:
    """k where unit(x) is the known step of k x, else None."""
    other = unit_step(known)
    k = float(evaluate(unit, 0.0, orders=1)[1] / evaluate(other, 0.0, orders=1)[1])
    if abs(k - round(k, 9)) < 4e-15 * k:
        k = round(k, 9)
    is_same = 0.0 < k < np.inf and np.allclose(evaluate(unit, _SAMPLE / k), evaluate(other, _SAMPLE), rtol=1e-12)
    return k if is_same else None


def sharpen(function: Formula, k: float, name: str | None = None) -> FormulaActivation:
    """The same function, k times as sharp: nearer to the step or to the kink that it smooths.

    f(x) = g(k x) if g is bounded, else g(k x) / k

    Args:
        function: g, a formula, a name, or an activation made by `define`.
        k: float > 0. Below 1 it makes the function smoother.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: if k is not a finite number > 0, the name of the function is unknown, or the function tends neither
            to constants nor to multiples of x.

    Example:
        >>> sharpen("softplus", 2.0)
        formula: softplus(2*x)/2
        >>> sharpen("tanh", 2.0)
        formula: tanh(2*x)
    """
    k = finite_number("k", k, "sharpen", low=0.0, exclusive=True)
    inner = piece(function, STEPS)
    activation = made(inner.text, None, inner)
    if k != 1.0 and sharp_limit(activation).is_step:
        return made(inner.at(f"{literal(k)}*x").text, name, inner)
    return made(_sharpened(inner, k), name, inner)


def _sharpened(function: Piece, k: float) -> str:
    """f(k x) / k as text."""
    return function.text if k == 1.0 else f"{Piece(function.at(f'{literal(k)}*x').text)}/{literal(k)}"
