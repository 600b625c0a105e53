"""Make your own activation, from a formula in plain text or from a smooth step."""

from typing import Any as _Any

from keras_acts.authoring import smooth
from keras_acts.authoring.formula.define import define
from keras_acts.authoring.formula.record import FormulaActivation, FormulaLayer
from keras_acts.core.resolve import no_attribute as _no_attribute
from keras_acts.notation import FormulaError

__all__ = ["FormulaActivation", "FormulaError", "FormulaLayer", "accuracy", "define", "smooth"]


def __getattr__(name: str) -> _Any:
    if name == "accuracy":  # only now: it needs mpmath
        from keras_acts.authoring.formula.lost_digits import accuracy

        return accuracy
    _no_attribute(__name__, name)
