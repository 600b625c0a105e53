"""From what was written to what it means: a tree to a canonical expression, with the parameters' values put in."""

from collections.abc import Collection, Mapping

from keras_acts.authoring.formula.canonical import X, apply
from keras_acts.authoring.formula.collecting import ConstantError, TooLargeError, at_most, number
from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.expression import Expression, Number, Variable
from keras_acts.authoring.formula.limits import with_limits
from keras_acts.notation import VARIABLE, FormulaError, Node, parse
from keras_acts.notation.tokens import unknown

_STEPS = 6000  # sums and products on the way to the second derivative; that of x tanh(log(1 + exp(x))) takes 300


def meaning(text: str, params: Mapping[str, float], weights: Collection[str] = ()) -> Expression:
    """What a formula means for these values of its parameters.

    Args:
        text: the formula.
        params: the value of each parameter.
        weights: those of them that are weights, and so variables as x is.

    Raises:
        FormulaError: if it is no formula of x and exactly these parameters, has a constant part that is not a finite
            number of reasonable size, or is too large to differentiate.
    """
    tree = parse(text)
    _check_names(text, tree, params)
    values = {name: Variable(name) if name in weights else number(value) for name, value in params.items()}
    values[VARIABLE] = X

    def of(node: Node) -> Expression:
        if node.name == "name":
            return values[node.identifier]
        try:
            if node.name == "number":
                return number(node.value)
            first, *others = node.arguments
            chosen = of(first)
            if node.name == "where" and isinstance(chosen, Number):  # a parameter decides: the other may not exist
                return of(others[0 if chosen.value else 1])
            return apply(node.name, chosen, *map(of, others))
        except (ConstantError, OverflowError) as error:
            raise FormulaError(
                "The constant part here is not a finite number between 1e-300 and 1e300, or an exponent beyond 100.",
                text,
                node.position,
            ) from error

    try:
        with at_most(_STEPS * (1 + len(weights))):
            expression = of(tree)
            derivative(derivative(expression))  # what cannot be differentiated twice is refused here, not in training
            for weight in weights:
                derivative(expression, Variable(weight))
    except (ConstantError, OverflowError, RecursionError, TooLargeError) as error:
        message = "its derivatives cannot be worked out. What has an exponent with x or weights must be above 0."
        raise FormulaError(f"The formula is too large, or has no derivative: {message}", text) from error
    return with_limits(expression)


def _check_names(text: str, tree: Node, params: Mapping[str, float]) -> None:
    """Refuse names that are not x or a parameter, and parameters that the formula does not have.

    Raises:
        FormulaError: naming what is close.
    """
    for name, position in tree.names.items():
        if name not in params and name != VARIABLE:
            message = unknown("parameter", name, [VARIABLE, *params])
            message = f"{message} Give its value: params={{{name!r}: 1.0}}, or ', {name}=1.0' in a string."
            raise FormulaError(message, text, position)
    for name in params.keys() - tree.names.keys():
        raise FormulaError(f"The formula does not use its parameter '{name}'. Take it out, or use it.", text)
    if VARIABLE not in tree.names:
        raise FormulaError("The formula of an activation must contain x.", text)
