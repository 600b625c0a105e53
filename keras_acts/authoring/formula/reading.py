"""From what was written to what it means: a tree to a canonical expression, with the parameters' values put in."""

from collections.abc import Mapping

from keras_acts.authoring.formula.canonical import apply
from keras_acts.authoring.formula.collecting import ConstantError, TooLargeError, at_most, number
from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.expression import Expression, Number
from keras_acts.notation import FormulaError, Node

_STEPS = 6000  # sums and products on the way to the second derivative; that of x tanh(log(1 + exp(x))) takes 300


def read(text: str, tree: Node, values: Mapping[str, Expression]) -> Expression:
    """The meaning of a tree.

    Args:
        text: the formula, for error messages.
        tree: its syntax.
        values: what each name stands for: a variable, or the number that a parameter is bound to.

    Raises:
        FormulaError: where a constant part is not a finite number of reasonable size.
    """

    def meaning(node: Node) -> Expression:
        if node.name == "name":
            return values[node.identifier]
        try:
            if node.name == "number":
                return number(node.value)
            first, *others = node.arguments
            chosen = meaning(first)
            if node.name == "where" and isinstance(chosen, Number):  # a parameter decides: the other may not exist
                return meaning(others[0 if chosen.value else 1])
            return apply(node.name, chosen, *map(meaning, others))
        except (ConstantError, OverflowError) as error:
            raise FormulaError(
                "The constant part here is not a finite number between 1e-300 and 1e300, or an exponent beyond 100.",
                text,
                node.position,
            ) from error

    try:
        with at_most(_STEPS):
            expression = meaning(tree)
            derivative(derivative(expression))  # what cannot be differentiated twice is refused here, not in training
    except (ConstantError, OverflowError, RecursionError, TooLargeError) as error:
        raise FormulaError("The formula is too large: its second derivative cannot be worked out.", text) from error
    return expression
