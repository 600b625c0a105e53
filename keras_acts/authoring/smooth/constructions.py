"""Smooth rectifiers, absolute values and maxima."""

import numpy as np

from keras_acts.analysis.elementwise import evaluate
from keras_acts.authoring.formula.record import FormulaActivation
from keras_acts.authoring.smooth.composing import Formula, Piece, literal, made, piece
from keras_acts.authoring.smooth.steps import STEPS, integral, sharpen, unit_step
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor
from keras_acts.core.params import finite_number

__all__ = ["gate", "leak", "log_sum_exp", "noisy_relu_mean", "smooth_maximum", "softabs", "softmax2"]


def gate(shape: Formula, name: str | None = None) -> FormulaActivation:
    """A smooth rectifier: x times a smooth step, as relu(x) = x H(x).

    f(x) = x S(x), with S brought to the range (0, 1)

    sigmoid gives silu, normal_cdf gives gelu, tanh_softplus gives mish. Not monotonic: it dips below 0 for x < 0. With
    arctan the derivative, and with algebraic and p other than 2 the value too, has for x << 0 an error of about eps in
    all, not relative to itself.

    Args:
        shape: a name of `smooth.STEPS`, a formula, or an activation made by `define`.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: for an unknown name, with near matches, or a function whose limits are not those of a step.

    Example:
        >>> gate("sigmoid")
        formula: x*sigmoid(x)
    """
    unit = piece(unit_step(shape))
    return made(f"x*{unit}", name, unit)


def leak(function: Formula, slope: float, name: str | None = None) -> FormulaActivation:
    """A rectifier that keeps a slope on the left, as leaky relu does.

    f(x) = slope x + (1 - slope) g(x)

    Args:
        function: g, a formula, a name of a function such as "softplus", or an activation made by `define`.
        slope: float, 0 <= slope < 1, the slope far on the left if g is a rectifier.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: if the slope is not in [0, 1), or the name of the function is unknown.

    Example:
        >>> leak(gate("sigmoid"), 0.1)
        formula: 0.1*x + 0.9*x*sigmoid(x)
    """
    slope = finite_number("slope", slope, "leak", low=0.0)
    if slope >= 1.0:
        raise ValueError(f"`slope` of leak must be a number with 0 <= slope < 1. Received: slope={slope!r}")
    inner = piece(function, STEPS)
    rest = float(f"{1.0 - slope:.15g}")
    return made(inner.text if not slope else f"{literal(slope)}*x + {literal(rest)}*{inner}", name, inner)


def softabs(shape: Formula = "root", a: float = 0.1, name: str | None = None) -> FormulaActivation:
    """A smooth version of |x|.

    f(x) = sqrt(x^2 + a) for "root", else x S(x / a) with a step S brought to the range (-1, 1)

    Args:
        shape: "root", a name of `smooth.STEPS`, a formula of a step, or a step made by `define`.
        a: float > 0; the smaller, the nearer to |x|. 0.1 is usual for "root" and 0.01 for "tanh".
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: if a is not a finite number > 0, the name is unknown, or the function is not a step.

    Example:
        >>> softabs(a=0.1), softabs("tanh", a=0.01)
        (formula: sqrt(x**2 + 0.1), formula: x*tanh(x/0.01))
    """
    a = finite_number("a", a, "softabs", low=0.0, exclusive=True)
    if shape == "root":
        return made(f"sqrt(x**2 + {literal(a)})", name)
    unit = _even_unit_step(shape)
    given = piece(shape, STEPS)
    sign = given if _is_odd(given) else Piece(f"2*{unit} - 1", unit.params)
    return made(f"x*{sign.at(f'x/{literal(a)}')}", name, sign)


def softmax2(
    first: Formula, second: Formula = 0.0, shape: Formula = "root", a: float = 0.1, name: str | None = None
) -> FormulaActivation:
    """A smooth maximum of two functions, by a smooth |x|.

    f(x) = (g + h + A(g - h)) / 2, where max(g, h) = (g + h + |g - h|) / 2 and A is `softabs(shape, a)`

    With h = 0 it smooths relu: `softmax2("x", 0, a=4)` is squareplus. With a step S it is
    g S((g - h) / a) + h S((h - g) / a), so that `softmax2("x", 0, "tanh", a=2)` is silu.

    Args:
        first: g, a formula or a number.
        second: h, a formula or a number.
        shape: "root" or a step that rises evenly, S(-x) = -S(x) or 1 - S(x).
        a: float > 0, as in `softabs`.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: if a is not a finite number > 0, a name is unknown, or the shape is neither "root" nor such a step.

    Example:
        >>> softmax2("x", "0.1*x", a=0.01)
        formula: 0.5*(x + 0.1*x + sqrt((x - 0.1*x)**2 + 0.01))
    """
    a = finite_number("a", a, "softmax2", low=0.0, exclusive=True)
    g, h = piece(first, STEPS), piece(second, STEPS)
    nothing = h.text == "0"
    difference = g.text if nothing else f"{g} - {h}"
    if shape == "root":
        total = g.text if nothing else f"{g} + {h}"
        return made(f"0.5*({total} + sqrt({Piece(difference).atom}**2 + {literal(a)}))", name, g, h)
    unit = _even_unit_step(shape)
    text = f"{g}*{unit.at(f'{Piece(difference)}/{literal(a)}')}"
    if not nothing:
        text += f" + {h}*{unit.at(f'({h} - {g})/{literal(a)}')}"
    return made(text, name, g, h, unit)


def _even_unit_step(shape: Formula) -> Piece:
    """S in (0, 1) with S(-x) = 1 - S(x).

    Raises:
        ValueError: if it is lopsided, or no step.
    """
    unit = piece(unit_step(shape))
    if not _is_odd(Piece(f"{unit} - 0.5", unit.params)):
        raise ValueError(
            f"A smooth |x| is even: it takes a step with S(-x) = -S(x) or 1 - S(x), such as 'tanh'. Received: {shape!r}"
        )
    return unit


def _is_odd(function: Piece) -> bool:
    x = np.linspace(0.0, 5.0, 51)
    f = made(function.text, None, function)
    return np.allclose(evaluate(f, x), np.negative(evaluate(f, -x)), rtol=0.0, atol=1e-9)


def smooth_maximum(*functions: Formula, k: float = 1.0, name: str | None = None) -> FormulaActivation:
    """A smooth maximum of several functions of x, by LogSumExp.

    f(x) = log(exp(k g1) + exp(k g2) + ...) / k

    Above the maximum by at most log(n) / k. LogSumExp is softplus for any number of arguments: that of x and 0 is
    softplus(k x) / k, that of x and -x is |x| + log(1 + exp(-2 k |x|)) / k.

    Args:
        *functions: two or more formulas or numbers.
        k: float > 0; the larger, the sharper.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: if k is not a finite number > 0, a name is unknown, or there are fewer than two functions.

    Example:
        >>> smooth_maximum("x", 0, k=2.0)
        formula: log(exp(2*x) + exp(2*0))/2
    """
    k = finite_number("k", k, "smooth_maximum", low=0.0, exclusive=True)
    if len(functions) < 2:
        raise ValueError(f"A maximum needs at least two functions. Received: {functions!r}")
    pieces = [piece(function, STEPS) for function in functions]
    summands = [f"exp({part.text})" if k == 1.0 else f"exp({literal(k)}*{part})" for part in pieces]
    text = f"log({' + '.join(summands)})"
    return made(text if k == 1.0 else f"{text}/{literal(k)}", name, *pieces)


def log_sum_exp(x: Tensor, axis: int = -1, k: float = 1.0) -> Tensor:
    """A smooth maximum along an axis: softplus for any number of inputs.

    f(x) = log(sum over i of exp(k x_i)) / k

    Above the maximum by at most log(n) / k. It changes the shape, so that it is no activation of a layer; stack
    functions, or pool with it: smoother than max, sharper than mean. Its gradient is softmax(k x).

    Args:
        x: float tensor.
        axis: int, the axis that goes.
        k: float > 0; the larger, the sharper.

    Returns:
        Tensor with one dimension less.

    Raises:
        ValueError: if k is not a finite number > 0.

    Example:
        >>> np.asarray(log_sum_exp(np.array([[1.0, 0.0], [0.0, 0.0]]))).round(4).tolist()
        [1.3133, 0.6931]
    """
    k = finite_number("k", k, "log_sum_exp", low=0.0, exclusive=True)
    return ops.logsumexp(k * x, axis=(axis,)) / k  # not axis=axis: on a symbolic tensor, old Keras takes tuples only


def noisy_relu_mean(std: float = 1.0, name: str | None = None) -> FormulaActivation:
    """What relu gives on average if its input is noisy.

    f(x) = E max(0, x + std z) = x P(x / std) + std p(x / std), with z ~ N(0, 1), P its CDF and p its density

    The integral of the normal CDF, `sharpen(integral("normal_cdf"), 1 / std)`, and so a relative of softplus.

    Args:
        std: float > 0, standard deviation of the noise.
        name: a name under which strings find it in this process, or None.

    Returns:
        An activation, as `keras_acts.define` makes it.

    Raises:
        ValueError: if std is not a finite number > 0.

    Example:
        >>> f = noisy_relu_mean(std=0.5)
        >>> round(float(f(np.array(0.0)) * np.sqrt(2.0 * np.pi)), 12)
        0.5

    Reference:
        Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines (ICML), for noisy relu; there
        the variance of the noise is sigmoid(x).
    """
    std = finite_number("std", std, "noisy_relu_mean", low=0.0, exclusive=True)
    return sharpen(integral("normal_cdf"), 1.0 / std, name)
