"""`keras_acts.define`: a formula in plain text becomes an activation."""

import warnings
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import keras

from keras_acts.authoring.formula import string_form
from keras_acts.authoring.formula.record import FormulaActivation, FormulaLayer, FormulaRecord, declared
from keras_acts.core.activation import activations
from keras_acts.layers.base import SharedAxes


def define(
    formula: str,
    name: str | None = None,
    params: Mapping[str, float] = MappingProxyType({}),
    trainable: Iterable[str] = (),
    *,
    shared_axes: SharedAxes = "all",
    replace: bool = False,
) -> FormulaActivation | FormulaLayer:
    """Make an activation of your own from a formula in plain text.

    f(x) = what the text says

    The result works like a built-in activation: in any Keras layer, in `keras_acts.get`, `paired`, the initializers, in
    plots and on the command line. A model with it is saved as the formula itself: it loads with `safe_mode=True` after
    `import keras_acts`, and no code is run. Without a call to `define`, a string does the same:
    `Dense(64, activation="formula: x*sigmoid(beta*x), beta=1.5")`.

    Write the formula as you would on paper: log(1 + exp(x)) does not overflow, 1 - tanh(x)**2 does not cancel, and
    where() has no NaN gradient from the branch not taken. The derivatives are worked out symbolically. Where the
    formula still loses digits, `keras_acts.authoring.accuracy(f)` says in which dtype and for which x.

    At x = 0 a quotient such as sin(x)/x, (exp(x) - 1)/x or 1/x - 1/tanh(x) has its limit, and near 0 it and its
    derivatives keep their digits; so have x*log(abs(x)) and sign(x)*sqrt(abs(x)), whose value there is 0. What has an
    infinite slope at 0 counts with slope 0 there, as do its further derivatives. Of what has a trainable parameter
    inside of a quotient, such as tanh(b*x)/x, there is no limit (sinc(b*x) has its own). Where the formula has no
    finite value at 0, or where x or a straight line that it divides by is 0, a warning says so.

    A formula is made of numbers, x, parameters, + - * / ** and parentheses, pi and e, and these functions: exp, expm1,
    log, log1p, sqrt, abs, sign, heaviside, relu, min, max (minimum, maximum), clip(x, low, high), where(x > 0, a, b),
    sin, cos, sinc (sin(pi*u)/(pi*u)), arctan, tanh, sinh, cosh, sech, log_cosh, asinh, sigmoid, softplus, erf, erfc,
    normal_cdf and gaussian (exp(-u**2)).

    Args:
        formula: the text, at most 1000 characters.
        name: a name under which strings find it in this process, or None. Files do not depend on it. With trainable
            parameters it is the name of the layer, which no string finds.
        params: value of each parameter of the formula; the initial value of a trainable one.
        trainable: names of the parameters that are weights. With any, the result is a layer.
        shared_axes: of the layer's weights: "all" for one of each in all; None for one per channel; or axes along which
            they are shared.
        replace: True to take over a name that is in use; a cell that is run again or edited need not say so.

    Returns:
        A callable object, or a new `keras.Layer` where there are trainable parameters.

    Raises:
        FormulaError: (a ValueError) with the position of what is not in the grammar, an unknown function or parameter
            with near matches, or a formula that is too long, too deeply nested or too large.
        ValueError: if the name is taken, or a parameter is not a finite number.

    Example:
        >>> f = keras_acts.define("x * tanh(log(1 + exp(x)))")
        >>> np.asarray(f(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2525, 0.0, 1.944]
    """
    if isinstance(trainable, Mapping) or not isinstance(trainable, Iterable):
        raise TypeError(
            "`trainable` takes the names of the parameters that are weights; `shared_axes` says for all of them how "
            f"they are shared: 'all', None for one per channel, or axes. Received: trainable={trainable!r}"
        )
    wanted = [trainable] if isinstance(trainable, str) else list(trainable)
    if wanted:
        layer = FormulaLayer(formula, params, wanted, shared_axes=shared_axes, name=name)
        _warn_of_poles(formula, layer._find_poles(), stacklevel=3)
        if name is not None:
            activations.named_layers.add(name)
        return layer
    declaration = declared(formula, params, name)
    _warn_of_poles(formula, declaration.poles(**declaration.defaults), stacklevel=3)
    if name is not None:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"The name of an activation must be an identifier. Received: name={name!r}")
        if hasattr(keras.activations, name):
            raise ValueError(f"The activation name '{name}' belongs to Keras. Choose another name.")
        taken = activations.find(name)
        if taken is None or taken.registered_name != declaration.registered_name:
            activations.add(declaration, replace=replace)
    return declaration.with_params({})


def _warn_of_poles(formula: str, poles: Mapping[float, float], stacklevel: int) -> None:
    for x, value in poles.items():
        warnings.warn(
            f"The formula has no finite value at x = {x:g}, or none that was found: there it is {value}. If it has a "
            f"limit, write it out, as in where(x*x > 0, sin(x)/x, 1). Received: {formula!r}",
            stacklevel=stacklevel,
        )


def from_string(text: str) -> FormulaRecord:
    """The record of `"formula: x*sigmoid(beta*x), beta=1.5"`."""
    record = declared(*string_form.read(text))
    _warn_of_poles(record.formula, record.poles(**record.defaults), stacklevel=4)
    return record


activations.add_notation(string_form.PREFIX, from_string)
