"""Make your own activation, from a formula in plain text or from a smooth step."""

from typing import Any as _Any

from keras_acts.authoring import smooth as smooth
from keras_acts.authoring.define import define as define
from keras_acts.authoring.define import from_string as _from_string
from keras_acts.authoring.formula import FormulaActivation as FormulaActivation
from keras_acts.authoring.layer import FormulaLayer as FormulaLayer
from keras_acts.authoring.notation import PREFIX as _PREFIX
from keras_acts.core.activation import activations as _activations
from keras_acts.notation import FormulaError as FormulaError

_activations.add_notation(_PREFIX, _from_string)


def __getattr__(name: str) -> _Any:
    if name == "accuracy":  # only now: it needs mpmath
        from keras_acts.authoring.report import accuracy

        return accuracy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
