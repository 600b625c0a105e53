"""A formula with trainable parameters."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.evaluating import evaluate, function_of
from keras_acts.authoring.formula.expression import Expression, Variable
from keras_acts.authoring.formula.reading import meaning
from keras_acts.authoring.formula.record import argument_of_sigmoid, validated
from keras_acts.core import keras_bridge
from keras_acts.layers.base import LearnableActivation, SharedAxes, Tensor
from keras_acts.notation import VARIABLE, FormulaError


@keras.saving.register_keras_serializable(package="keras_acts", name="authoring.FormulaLayer")
class FormulaLayer(LearnableActivation):
    """An activation layer whose formula has weights, made by `keras_acts.define(..., trainable=...)`.

    Args:
        formula: the formula, as in `keras_acts.define`.
        params: value of each parameter; the initial value of a trainable one.
        trainable_params: names of the parameters that are weights.
        shared_axes: "all" for one weight of each in all; None for one per channel; or axes along which it is shared.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.define("x * sigmoid(beta * x)", params={"beta": 1.5}, trainable=["beta"])
        >>> [weight.name for weight in layer.trainable_weights]
        ['beta']
    """

    def __init__(
        self,
        formula: str,
        params: Mapping[str, float],
        trainable_params: Iterable[str],
        shared_axes: SharedAxes = "all",
        **kwargs: Any,
    ) -> None:
        learned = list(dict.fromkeys(trainable_params))
        super().__init__(shared_axes=shared_axes, learned=learned, **kwargs)
        self.formula = formula
        self.params = {name: validated(formula, name, value) for name, value in params.items()}
        self.trainable_params = learned
        for name in self.trainable_params:
            if name not in self.params:
                raise FormulaError(f"A trainable parameter needs its initial value: params={{{name!r}: 1.0}}.", formula)
            if name.startswith("_") or hasattr(type(self), name) or hasattr(self, name):
                raise FormulaError(f"'{name}' means something else for a layer; call the parameter otherwise.", formula)
        expression = meaning(formula, self.params, self.trainable_params)
        self._function = function_of(expression, tuple(self.trainable_params))
        _check_exponents(formula, expression, {name: self.params[name] for name in learned})
        inside = argument_of_sigmoid(expression)
        self._logits = None if inside is None else function_of(inside, tuple(self.trainable_params))
        for name in self.trainable_params:
            self.add_learnable_parameter(name, self.params[name])

    def activate(self, x: Tensor, *weights: Tensor) -> Tensor:
        """The value."""
        return self._function(x, *weights)

    def call(self, inputs: Tensor) -> Tensor:
        """The value, with its logits where the formula is a sigmoid."""
        output = super().call(inputs)
        if self._logits is not None:
            keras_bridge.keeping_logits(functools.partial(self.upcast, self._logits))(output, inputs, {})
        return output

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {**super().get_config(), "params": dict(self.params)}


@keras_bridge.float64()
def _check_exponents(text: str, expression: Expression, weights: Mapping[str, float]) -> None:
    """Refuse powers with a learned exponent of what may be negative, which training would make NaN.

    Raises:
        FormulaError: naming a weight and an x.
    """
    x = np.linspace(-100.0, 100.0, 2001)
    values = {name: ops.convert_to_tensor(value, "float64") for name, value in {VARIABLE: x, **weights}.items()}
    for name in weights if "power" in expression.functions else ():
        slopes = evaluate(derivative(expression, Variable(name)), values)
        for bad in x[np.isnan(ops.convert_to_numpy(slopes))]:
            problem = f"'{name}' cannot be learned: the derivative by it is no number at x = {bad:.1f}"
            raise FormulaError(
                f"{problem}. What has it in its exponent must be above 0, or as abs(x) 0 at some x.", text
            )
