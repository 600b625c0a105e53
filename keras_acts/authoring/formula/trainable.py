"""A formula with trainable parameters."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from keras_acts.authoring.formula.evaluating import function_of
from keras_acts.authoring.formula.reading import meaning
from keras_acts.authoring.formula.record import argument_of_sigmoid, validated
from keras_acts.core.keras_bridge import keeping_logits
from keras_acts.layers.base import LearnableActivation, SharedAxes, Tensor
from keras_acts.notation import FormulaError


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
            keeping_logits(functools.partial(self.upcast, self._logits))(output, inputs, {})
        return output

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {**super().get_config(), "params": dict(self.params)}
