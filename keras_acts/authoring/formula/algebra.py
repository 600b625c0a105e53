"""Sums, products, powers and functions in canonical form: flat, like terms collected, identities applied."""

import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence

from keras_acts.authoring.formula import collecting
from keras_acts.authoring.formula.collecting import ConstantError, number
from keras_acts.authoring.formula.computations import COMPUTATIONS, Computation
from keras_acts.authoring.formula.expression import Call, Expression, Number, Product, Terms, Variable, without
from keras_acts.notation import FUNCTIONS, Node, parse

VALUES: dict[str, Callable[..., float]] = {name: each.value for name, each in FUNCTIONS.items() if name != "where"}
VALUES |= {"power": operator.pow, "<": operator.lt, "<=": operator.le}
_parsed = functools.lru_cache(maxsize=None)(parse)  # of the formulas in our own tables

# A rule takes the algebra that applies it and what is collected or called, and gives an equal expression or None.
SumRule = Callable[["Algebra", float, Terms], Expression | None]
# That of a product tells the factors that go, and what comes instead.
ProductRule = Callable[["Algebra", Terms], tuple[tuple[Expression, ...], tuple[Expression, ...]] | None]
CallRule = Callable[..., Expression | None]


class Algebra:
    """What makes expressions.

    Args:
        sum_rules: identities of sums, tried in this order.
        product_rules: identities of products.
        call_rules: one identity for each function that has any.
    """

    def __init__(
        self, sum_rules: Sequence[SumRule], product_rules: Sequence[ProductRule], call_rules: Mapping[str, CallRule]
    ) -> None:
        self._sum_rules, self._product_rules, self._call_rules = sum_rules, product_rules, call_rules

    def add(self, *summands: Expression) -> Expression:
        """The sum."""
        collecting.count_step()
        parts = [collecting.terms_of(summand) for summand in summands]
        constant = functools.reduce(collecting.plus, (own for own, _ in parts), 0.0)
        terms = collecting.collected(pair for _, pairs in parts for pair in pairs)
        for rule in self._sum_rules:
            found = rule(self, constant, terms)
            if found is not None:
                return found
        return collecting.plain_sum(constant, terms)

    def scale(self, coefficient: float, expression: Expression) -> Expression:
        """coefficient * expression, with a sum kept as one factor."""
        return self.multiply(number(coefficient), expression)

    def multiply(self, *factors: Expression) -> Expression:
        """The product."""
        collecting.count_step()
        parts = [collecting.factors_of(factor) for factor in factors]
        coefficient = math.prod((own for own, _ in parts), start=1.0)
        if not coefficient:
            return collecting.ZERO
        bases = collecting.collected(pair for _, pairs in parts for pair in pairs)
        for rule in self._product_rules:
            found = rule(self, bases)
            if found is not None:
                gone, instead = found
                kept = collecting.plain_product(1.0, without(bases, *gone))
                return self.multiply(number(coefficient), kept, *instead)
        return collecting.plain_product(coefficient, bases)

    def divide(self, a: Expression, b: Expression) -> Expression:
        """a / b."""
        return self.multiply(a, self.power(b, -1.0))

    def power(self, base: Expression, exponent: float) -> Expression:
        """base ** exponent, for a constant exponent."""
        if exponent == 0.0:
            return collecting.ONE
        if abs(exponent) > collecting.MAX_EXPONENT:
            raise ConstantError(exponent)
        if isinstance(base, Number):
            return collecting.to_power(base.value, exponent)
        if not isinstance(base, Product):
            return self.multiply(collecting.plain_product(1.0, {base: exponent}))
        is_whole = exponent.is_integer()
        if base.coefficient < 0.0 and not is_whole:
            return collecting.plain_product(1.0, {base: exponent})
        split: list[Expression] = [collecting.to_power(base.coefficient, exponent)]
        rest = Terms()
        for inner, own in base.factors:  # a root of what may be negative cannot be split off
            if is_whole or collecting.is_nonnegative(inner):
                split.append(collecting.plain_product(1.0, {inner: own * exponent}))
            elif own % 2.0 == 0.0:  # sqrt(x^2) = |x|
                split.append(self.power(self.call("abs", inner), own * exponent))
            else:
                rest[inner] = own
        if rest:
            split.append(collecting.plain_product(1.0, {collecting.plain_product(1.0, rest): exponent}))
        return self.multiply(*split)

    def call(self, name: str, *arguments: Expression) -> Expression:
        """A function of expressions, by the name that expressions have for it."""
        rule = self._call_rules.get(name)
        found = rule(self, *arguments) if rule is not None else None
        if found is not None:
            return found
        constants = [argument.value for argument in arguments if isinstance(argument, Number)]
        if len(constants) < len(arguments) or name not in VALUES:
            return Call(name, arguments)
        try:
            return number(VALUES[name](*constants))
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            raise ConstantError(f"{name} of a constant") from error

    def apply(self, name: str, *arguments: Expression) -> Expression:
        """An operator or a function of the grammar, of expressions."""
        match name:
            case "+":
                return self.add(*arguments)
            case "-":
                return self.add(arguments[0], self.scale(-1.0, arguments[1]))
            case "*":
                return self.multiply(*arguments)
            case "/":
                return self.divide(*arguments)
            case "**":
                return self.call("power", *arguments)
            case "negative":
                return self.scale(-1.0, *arguments)
            case ">" | ">=":
                return self.call(name.replace(">", "<"), *reversed(arguments))
        computation = COMPUTATIONS.get(name, Computation())
        if computation.means:
            return self.written(computation.means, **dict(zip("uvw", arguments, strict=False)))
        if computation.quotient and arguments[0].variables:
            quotient = self.written(computation.quotient, x=Variable("x"))
            return Call("quotient", (quotient, collecting.ZERO, *arguments))
        return self.call(name, *arguments)

    def written(self, text: str, **values: Expression) -> Expression:
        """A formula of our own tables, with expressions in place of its names."""

        def meaning(node: Node) -> Expression:
            if node.name == "number":
                return number(node.value)
            if node.name == "name":
                return values[node.identifier]
            return self.apply(node.name, *map(meaning, node.arguments))

        return meaning(_parsed(text))
