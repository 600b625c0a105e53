"""A formula in LaTeX, for plots and pages."""

from keras_acts.authoring.syntax import Syntax

_FUNCTIONS = {
    "sigmoid": r"\sigma",
    "normal_cdf": r"\Phi",
    "arctan": r"\arctan",
    "minimum": r"\min",
    "maximum": r"\max",
    **{name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tanh", "sinh", "cosh", "min", "max")},
}
_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "theta", "kappa", "lambda", "mu", "nu", "sigma", "omega"}
)
_COMPARISONS = {"<": "<", ">": ">", "<=": r"\leq", ">=": r"\geq"}
_SUM, _TERM, _POWER = 0, 1, 2  # how tightly an operator binds


def latex(tree: Syntax) -> str:
    """The LaTeX of a formula."""
    return _latex(tree)[0]


def _latex(tree: Syntax) -> tuple[str, int]:
    arguments = tree.arguments
    match tree.name:
        case "number":
            return _number(tree.value), _POWER
        case "name":
            name = tree.identifier
            return (rf"\{name}" if name in _GREEK else name if len(name) == 1 else _text(name)), _POWER
        case "+" | "-":
            left, right = _within(arguments[0], _SUM), _within(arguments[1], _TERM)
            return f"{left} {tree.name} {right}", _SUM
        case "*":
            return rf"{_within(arguments[0], _TERM)} \cdot {_within(arguments[1], _POWER)}", _TERM
        case "/":
            return rf"\frac{{{latex(arguments[0])}}}{{{latex(arguments[1])}}}", _TERM
        case "**":
            base, bound = _latex(arguments[0])
            is_single = arguments[0].name in ("number", "name")
            return f"{base if is_single and bound == _POWER else _bracketed(base)}^{{{latex(arguments[1])}}}", _POWER
        case "negative":
            return f"-{_within(arguments[0], _TERM)}", _SUM
        case "abs":
            return rf"\left|{latex(arguments[0])}\right|", _POWER
        case "sqrt":
            return rf"\sqrt{{{latex(arguments[0])}}}", _POWER
        case "<" | "<=" | ">" | ">=":
            return f"{latex(arguments[0])} {_COMPARISONS[tree.name]} {latex(arguments[1])}", _SUM
    name = _FUNCTIONS.get(tree.name, _text(tree.name))
    return name + _bracketed(", ".join(map(latex, arguments))), _POWER


def _text(name: str) -> str:
    return r"\mathrm{" + name.replace("_", r"\_") + "}"


def _within(tree: Syntax, bound: int) -> str:
    text, own = _latex(tree)
    return text if own >= bound else _bracketed(text)


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


def _number(value: float) -> str:
    mantissa, mark, exponent = f"{value:.6g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if mark else mantissa
