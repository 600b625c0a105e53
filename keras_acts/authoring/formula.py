"""A formula as an activation: its record, and the callable object that is saved as the formula itself."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from keras_acts.authoring import kinks, notation
from keras_acts.authoring.algebra import X, number
from keras_acts.authoring.building import build
from keras_acts.authoring.derivative import derivative
from keras_acts.authoring.evaluation import evaluate
from keras_acts.authoring.expression import Expression
from keras_acts.authoring.functions import function_of
from keras_acts.core.activation import Activation, BoundActivation
from keras_acts.core.params import Param, Trait
from keras_acts.notation import CONSTANTS, FUNCTIONS, VARIABLE, FormulaError, Node, parse, reference
from keras_acts.notation.tokens import MAX_CONSTANT, unknown

_NOT_SMOOTH = frozenset({"abs", "sign", "relu", "step", "maximum", "minimum", "where"})


@dataclass(eq=False)
class FormulaDeclaration(Activation):
    """The record of a formula. Its registered name is the formula, so that a file needs nothing else."""

    text: str = field(kw_only=True)

    @property
    def registered_name(self) -> str:
        """The formula with its parameters' defaults, as a string."""
        return notation.write(self.text, self.defaults)

    @property
    def family(self) -> str:
        """Formulas are a family of their own."""
        return "formula"

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
        return reference(self.text)

    def expression(self, params: Mapping[str, float]) -> Expression:
        """What the formula means for these values of the parameters."""
        return _built(self.text, parse(self.text), params)


@keras.saving.register_keras_serializable(package="keras_acts", name="authoring.FormulaActivation")
class FormulaActivation(BoundActivation):
    """An activation made by `keras_acts.define`: a callable object that is saved as its formula.

    It goes wherever an `activation=` goes. `keras_acts.get(f, beta=2.0)` gives it with other parameters.
    """

    declaration: FormulaDeclaration

    def __init__(self, declaration: FormulaDeclaration, params: Mapping[str, Any]) -> None:
        super().__init__(declaration, params)
        if self._is_nameless:
            self.__name__ = notation.write(declaration.text, self.all_params)
        elif self.all_params == declaration.defaults:
            self.__name__ = declaration.name

    @property
    def _is_nameless(self) -> bool:
        return self.declaration.name.startswith(notation.PREFIX)

    @property
    def formula(self) -> str:
        """The formula as it was written."""
        return self.declaration.text

    def get_config(self) -> dict[str, Any]:
        """The formula, its parameters and its name."""
        name = None if self._is_nameless else self.declaration.name
        return {"formula": self.formula, "params": dict(self.all_params), "name": name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "FormulaActivation":
        """The activation that `get_config` describes. It runs no code, and does not take the name in this process."""
        return cls(declared(config["formula"], config["params"], config["name"]), {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FormulaActivation) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((self.formula, tuple(self.all_params.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        return FormulaActivation.from_config, (self.get_config(),)


def declared(text: str, params: Mapping[str, Any], name: str | None = None) -> FormulaDeclaration:
    """The record of a formula, not yet known to the registry.

    Raises:
        FormulaError: if it is no formula of x and exactly these parameters.
        ValueError: if a parameter is not a finite number.
    """
    if not isinstance(text, str):
        raise TypeError(f"A formula must be a string such as 'x * sigmoid(x)'. Received: {text!r}")
    values = tuple((key, validated(text, key, value)) for key, value in params.items())
    return _declared(text.strip(), values, name)


def meaning(text: str, params: Mapping[str, float]) -> Expression:
    """What a formula means for these values of its parameters.

    Raises:
        FormulaError: if it is no formula of x and exactly these parameters, or too large to differentiate.
    """
    tree = parse(text)
    check_names(text, tree, params)
    return _built(text, tree, params)


def _built(text: str, tree: Node, params: Mapping[str, float]) -> Expression:
    return build(text, tree, {VARIABLE: X, **{key: number(value) for key, value in params.items()}})


@functools.lru_cache(maxsize=256)
def _declared(text: str, params: tuple[tuple[str, float], ...], name: str | None) -> FormulaDeclaration:
    tree = parse(text)
    defaults = dict(params)
    check_names(text, tree, defaults)
    expression = _built(text, tree, defaults)

    def bound(given: Mapping[str, float]) -> Expression:
        return expression if given == defaults else _built(text, tree, given)

    def body(x: Any, **given: float) -> Any:
        return evaluate(bound(given), {VARIABLE: x})

    def slope(x: Any, **given: float) -> Any:
        return function_of(derivative(bound(given)))(x)

    body.__doc__ = f"The formula {text}\n\nf(x) = {text}\n\nMade by `keras_acts.define`."
    return FormulaDeclaration(
        name=name or notation.write(text, defaults),
        package="keras_acts",
        formulas=MappingProxyType({"": text}),
        paper=None,
        params=MappingProxyType({key: Param("parameter of the formula", name=key, default=v) for key, v in params}),
        traits=frozenset(_traits(expression)),
        aliases=MappingProxyType({}),
        derivative=slope,
        kinks=lambda **given: kinks.kinks(bound(given)),
        body=body,
        text=text,
    )


def _traits(expression: Expression) -> list[Trait]:
    traits = [] if expression.functions & _NOT_SMOOTH else [Trait.SMOOTH]
    if expression.functions & {"sin", "cos"}:
        ends = evaluate(expression, {VARIABLE: keras.ops.convert_to_tensor(np.array([np.inf, -np.inf]))})
        if np.isnan(keras.ops.convert_to_numpy(ends)).any():
            traits.append(Trait.PERIODIC)
    return traits


def check_names(text: str, tree: Node, params: Mapping[str, Any]) -> None:
    """Refuse names that are not x or a parameter, and parameters that the formula does not have.

    Raises:
        FormulaError: naming what is close.
    """
    for name, position in tree.names.items():
        if name not in params and name != VARIABLE:
            message = unknown("parameter", name, [VARIABLE, *params])
            raise FormulaError(f"{message} Give its value: params={{{name!r}: 1.0}}.", text, position)
    for name in params.keys() - tree.names.keys():
        raise FormulaError(f"The formula does not use its parameter '{name}'. Take it out, or use it.", text)
    if VARIABLE not in tree.names:
        raise FormulaError("The formula of an activation must contain x.", text)


def validated(text: str, name: str, value: Any) -> float:
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
