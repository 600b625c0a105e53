"""A formula in LaTeX, for plots and pages: only what matplotlib's mathtext can set as well."""

import re
from dataclasses import dataclass

from keras_acts.notation.grammar import Node, parse
from keras_acts.notation.meanings import FUNCTIONS

_GREEK = re.compile("alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|psi|omega")
_COMPARISONS = {"<": "<", ">": ">", "<=": r"\leq", ">=": r"\geq"}
_POWER_BEFORE_ARGUMENT = frozenset({"sin", "cos", "tanh", "sinh", "cosh", "sech"})  # sin^2(x)
_CHOICE, _SUM, _QUOTIENT, _PRODUCT, _ATOM = range(5)  # how tightly the last operator binds


@dataclass(frozen=True)
class Latex:
    """A formula that is written in LaTeX because plain text cannot say it.

    Args:
        text: the LaTeX.
        reason: why the grammar cannot say it, such as "sorts along an axis".
    """

    text: str
    reason: str


def latex(formula: str | Latex) -> str:
    r"""The LaTeX of a formula in plain text, or that it is written in.

    Raises:
        FormulaError: if the text is no formula.

    Example:
        >>> print(latex("x * tanh(log(1 + exp(beta * x)))"))
        x \tanh(\log(1 + e^{\beta x}))
    """
    return formula.text if isinstance(formula, Latex) else _typeset(parse(formula), False)[0]


def symbol(name: str) -> str:
    r"""The LaTeX of a parameter's name: alpha_p is \alpha_p, p1 is p_1, and w0 the angular frequency \omega_0."""
    match = re.fullmatch(r"([A-Za-z]+?)_?([0-9]+|(?<=_)[A-Za-z])", name)
    base, index = match.groups() if match else (name, "")
    if index and base == "w":
        base = "omega"
    is_greek = _GREEK.fullmatch(base)
    if len(base) > 1 and not is_greek:
        return r"\mathrm{" + name.replace("_", r"\_") + "}"
    letter = rf"\{base}" if is_greek else base
    return f"{letter}_{_braced(index)}" if index else letter


def _typeset(node: Node, is_small: bool) -> tuple[str, int]:
    """The LaTeX and how tightly it binds; small ones, in exponents, have quotients on one line."""

    def within(argument: Node, bound: int) -> str:
        text, own = _typeset(argument, is_small)
        return text if own >= bound else _bracketed(text)

    def plain(argument: Node) -> str:
        return within(argument, _CHOICE)

    arguments = node.arguments
    if node.name in ("*", "/") and (unsigned := _unsigned(node)):  # (-x) / 2 is -x / 2
        return f"-{within(unsigned, _QUOTIENT)}", _SUM
    match node.name:
        case "number" if node.identifier:
            return (r"\pi" if node.identifier == "pi" else node.identifier), _ATOM
        case "number":
            mantissa, mark, exponent = f"{node.value:.6g}".partition("e")
            return (rf"{mantissa} \cdot 10^{{{int(exponent)}}}", _PRODUCT) if mark else (mantissa, _ATOM)
        case "name":
            return symbol(node.identifier), _ATOM
        case "+":
            right = within(arguments[1], _SUM)
            sign, right = ("-", right[1:]) if right.startswith("-") else ("+", right)
            return f"{within(arguments[0], _SUM)} {sign} {right}", _SUM
        case "-":
            return f"{within(arguments[0], _SUM)} - {within(arguments[1], _PRODUCT)}", _SUM
        case "*":
            return _product(within(arguments[0], _PRODUCT), within(arguments[1], _PRODUCT)), _PRODUCT
        case "/" if is_small:
            return f"{within(arguments[0], _PRODUCT)} / {within(arguments[1], _ATOM)}", _QUOTIENT
        case "/":
            return rf"\frac{{{plain(arguments[0])}}}{{{plain(arguments[1])}}}", _PRODUCT
        case "**":
            powered, power = arguments
            raised = "^" + _braced(_typeset(power, True)[0])
            if powered.name in _POWER_BEFORE_ARGUMENT and power.name == "number":
                return FUNCTIONS[powered.name].latex + raised + _bracketed(plain(powered.arguments[0])), _ATOM
            return within(powered, _ATOM) + raised, _PRODUCT
        case "negative":
            return f"-{within(arguments[0], _PRODUCT)}", _SUM
        case "<" | "<=" | ">" | ">=":
            return f"{within(arguments[0], _SUM)} {_COMPARISONS[node.name]} {within(arguments[1], _SUM)}", _CHOICE
        case "where":
            condition, then, otherwise = map(plain, arguments)
            if (then, otherwise) == ("1", "0"):  # the bracket [c] is 1 where the condition holds, and 0 elsewhere
                return f"[{condition}]", _ATOM
            if otherwise == "0":
                return _product(within(arguments[1], _PRODUCT), f"[{condition}]"), _PRODUCT
            then = within(arguments[1], _SUM)
            return rf"{then} \; \mathrm{{if}} \; {condition}, \; \mathrm{{else}} \; {otherwise}", _CHOICE
        case "abs":
            return _bracketed(plain(arguments[0]), "|", "|"), _ATOM
        case "sqrt":
            return rf"\sqrt{{{plain(arguments[0])}}}", _ATOM
    name = FUNCTIONS[node.name].latex
    if "u" in re.findall(r"\w+", name):
        return _typeset(_filled(parse(name), dict(zip("uvw", arguments, strict=False))), is_small)
    return name + _bracketed(", ".join(map(plain, arguments))), _ATOM


def _filled(node: Node, arguments: dict[str, Node]) -> Node:
    """The tree with other trees in place of its names."""
    if node.name == "name":
        return arguments[node.identifier]
    filled = tuple(_filled(argument, arguments) for argument in node.arguments)
    return Node(node.name, filled, node.position, node.value, node.identifier)


def _unsigned(node: Node) -> Node | None:
    """The node without the minus sign that it starts with; None if it starts with none."""
    if node.name == "negative":
        return node.arguments[0]
    if node.name in ("*", "/") and (first := _unsigned(node.arguments[0])):
        return Node(node.name, (first, node.arguments[1]), node.position)
    return None


def _product(left: str, right: str) -> str:
    is_unclear = right[0].isdigit() or (left[-1].isdigit() and right.startswith(r"\frac"))
    needs_gap = right.startswith((r"\mathrm", "[")) or re.search(r"\\mathrm\{[^}]*\}$", left)
    return left + (r" \cdot " if is_unclear else r" \, " if needs_gap else " ") + right


def _braced(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"


def _bracketed(text: str, left: str = "(", right: str = ")") -> str:
    return rf"\left{left}{text}\right{right}" if r"\frac" in text else f"{left}{text}{right}"
