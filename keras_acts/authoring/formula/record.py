"""A formula as an activation, or as a layer where parameters are trainable; both are saved as the formula itself."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from keras_acts.authoring.formula import kinks, string_form
from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.evaluating import evaluate, function_of
from keras_acts.authoring.formula.expression import SWITCHES, Call, Expression, Variable
from keras_acts.authoring.formula.poles import poles, simple_zeros
from keras_acts.authoring.formula.reading import meaning
from keras_acts.core import operations as ops
from keras_acts.core.activation import Activation, BoundActivation
from keras_acts.core.derivatives import upcast
from keras_acts.core.keras_bridge import float64, keeping_logits
from keras_acts.core.params import Param, Trait
from keras_acts.layers.base import LearnableActivation, SharedAxes, Tensor
from keras_acts.notation import CONSTANTS, FUNCTIONS, VARIABLE, FormulaError, reference
from keras_acts.notation.tokens import MAX_CONSTANT


@dataclass(eq=False, repr=False)
class FormulaRecord(Activation):
    """The record of a formula. Its registered name is the formula, so that a file needs nothing else."""

    @property
    def registered_name(self) -> str:
        """The formula with its parameters' defaults, as a string."""
        return string_form.write(self.formula, self.defaults)

    @property
    def family(self) -> str:
        """Formulas are a family of their own."""
        return "formula"

    poles: Callable[..., dict[float, float]] = lambda **given: {}  # with the values there, of the parameters given

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The activation with the parameters' defaults."""
        return FormulaActivation(self, {})

    def with_params(self, params: Mapping[str, Any]) -> "FormulaActivation":
        """The activation with other values of the parameters."""
        return FormulaActivation(self, params)

    @property
    def reference(self) -> Callable[..., Any]:
        """The text itself in mpmath, which `keras_acts.testing` judges by where no other reference is given."""
        return reference(self.formula)


@keras.saving.register_keras_serializable(package="keras_acts", name="authoring.FormulaActivation")
class FormulaActivation(BoundActivation):
    """An activation made by `keras_acts.define`: a callable object that is saved as its formula.

    It goes wherever an `activation=` goes. `keras_acts.get(f, beta=2.0)` gives it with other parameters.
    """

    declaration: FormulaRecord

    def __init__(self, declaration: FormulaRecord, params: Mapping[str, Any]) -> None:
        super().__init__(declaration, params)
        self._name = None if declaration.name.startswith(string_form.PREFIX) else declaration.name
        if self._name is None:
            self.__name__ = string_form.write(declaration.formula, self.all_params)
        elif self.all_params == declaration.defaults:
            self.__name__ = declaration.name

    @property
    def formula(self) -> str:
        """The formula as it was written."""
        return self.declaration.formula

    def get_config(self) -> dict[str, Any]:
        """The formula, its parameters and its name."""
        return {"formula": self.formula, "params": dict(self.all_params), "name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "FormulaActivation":
        """The activation that `get_config` describes. It runs no code, and does not take the name in this process."""
        return cls(declared(config["formula"], config["params"], config["name"]), {})

    @property
    def _identity(self) -> tuple[Any, ...]:
        return self.formula, self._name, *sorted(self.all_params.items())


def declared(text: str, params: Mapping[str, Any], name: str | None = None) -> FormulaRecord:
    """The record of a formula, not yet known to the registry.

    Raises:
        FormulaError: if it is no formula of x and exactly these parameters.
        ValueError: if a parameter is not a finite number.
    """
    if not isinstance(text, str):
        raise TypeError(f"A formula must be a string such as 'x * sigmoid(x)'. Received: {text!r}")
    values = tuple((key, _validated(text, key, value)) for key, value in params.items())
    return _declared(text.strip(), values, name)


@functools.lru_cache(maxsize=256)
def _declared(text: str, params: tuple[tuple[str, float], ...], name: str | None) -> FormulaRecord:
    defaults = dict(params)
    expression = meaning(text, defaults)

    def bound(given: Mapping[str, float]) -> Expression:
        return expression if given == defaults else meaning(text, given)

    def body(x: Any, **given: float) -> Any:
        return evaluate(bound(given), {VARIABLE: x})

    def first(x: Any, **given: float) -> Any:
        return function_of(derivative(bound(given)))(x)

    def logits(x: Any, **given: float) -> Any:
        inside = _argument_of_sigmoid(bound(given))
        return None if inside is None else upcast(function_of(inside))(x)

    body.__doc__ = f"The formula {text}\n\nf(x) = {text}\n\nMade by `keras_acts.define`."
    return FormulaRecord(
        name=name or string_form.write(text, defaults),
        package="keras_acts",
        formulas=MappingProxyType({"": text}),
        params=MappingProxyType({key: Param("parameter of the formula", name=key, default=v) for key, v in params}),
        traits=frozenset(_traits(expression)),
        aliases=MappingProxyType({}),
        derivative=first,
        finish=keeping_logits(logits),
        kinks=lambda **given: kinks.kinks(bound(given)),
        poles=lambda zeros=simple_zeros, **given: poles(bound(given), {}, zeros),
        body=body,
    )


def _argument_of_sigmoid(expression: Expression) -> Expression | None:
    """u, where the expression is sigmoid(u), however it was written; else None."""
    return expression.arguments[0] if isinstance(expression, Call) and expression.name == "sigmoid" else None


def _traits(expression: Expression) -> list[Trait]:
    traits = [] if expression.functions & SWITCHES else [Trait.SMOOTH]
    if expression.functions & {"sin", "cos"}:
        ends = evaluate(expression, {VARIABLE: keras.ops.convert_to_tensor(np.array([np.inf, -np.inf]))})
        if np.isnan(keras.ops.convert_to_numpy(ends)).any():
            traits.append(Trait.OSCILLATING)
    return traits


def _validated(text: str, name: str, value: Any) -> float:
    """The value of a parameter as a float.

    Raises:
        FormulaError: if its name already means something in a formula, or is no name.
        ValueError: if it is not a finite number of reasonable size.
    """
    if not (isinstance(name, str) and name.isascii() and name.isidentifier()):
        raise FormulaError(
            f"A parameter's name is made of letters, digits and _. Received: params={{{name!r}: ...}};", text
        )
    if name == VARIABLE or name in CONSTANTS or name in FUNCTIONS or name in ("trainable",):
        raise FormulaError(f"The name '{name}' already has a meaning in a formula; call the parameter otherwise.", text)
    return Param("", low=-MAX_CONSTANT, high=MAX_CONSTANT, name=name).validated(value, text)


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
        self.params = {name: _validated(formula, name, value) for name, value in params.items()}
        self.trainable_params = learned
        for name in self.trainable_params:
            if name not in self.params:
                raise FormulaError(f"A trainable parameter needs its initial value: params={{{name!r}: 1.0}}.", formula)
            if name.startswith("_") or hasattr(type(self), name) or hasattr(self, name):
                raise FormulaError(f"'{name}' means something else for a layer; call the parameter otherwise.", formula)
        expression = meaning(formula, self.params, self.trainable_params)
        self._expression = expression
        self._function = function_of(expression, tuple(self.trainable_params))
        _check_exponents(formula, expression, {name: self.params[name] for name in learned})
        inside = _argument_of_sigmoid(expression)
        self._logits = None if inside is None else function_of(inside, tuple(self.trainable_params))
        for name in self.trainable_params:
            self.add_learnable_parameter(name, self.params[name])

    def _find_poles(self, zeros: Callable[[Expression], Iterable[float]] = simple_zeros) -> dict[float, float]:
        """Where the formula has no finite value, with what it has there, at the weights' initial values."""
        return poles(self._expression, {name: self.params[name] for name in self.trainable_params}, zeros)

    def activate(self, x: Tensor, *weights: Tensor) -> Tensor:
        """The value."""
        return self._function(x, *weights)

    def call(self, inputs: Tensor) -> Tensor:
        """The value, with its logits where the formula is a sigmoid."""
        output = super().call(inputs)
        if self._logits is not None:
            keeping_logits(functools.partial(self.upcast, self._logits))(output, inputs, {})
        return output


@float64()
def _check_exponents(text: str, expression: Expression, weights: Mapping[str, float]) -> None:
    """Refuse powers with a learned exponent of what may be negative, which training would make NaN.

    Raises:
        FormulaError: naming a weight and an x.
    """
    x = np.linspace(-100.0, 100.0, 2001)
    values = {name: ops.convert_to_tensor(value, "float64") for name, value in {VARIABLE: x, **weights}.items()}
    for name in weights if "power" in expression.functions else ():
        found = ops.convert_to_numpy(evaluate(derivative(expression, Variable(name)), values))
        for bad in x[np.isnan(found) | (np.isinf(found) & (np.abs(x) <= 1.0))]:  # far out it may overflow
            problem = f"'{name}' cannot be learned: the derivative by it is no number at x = {bad:.1f}"
            raise FormulaError(f"{problem}. What has it in its exponent must be above 0, or as abs(x).", text)
