"""Spec strings: `"elu(alpha=0.5)"`. They are parsed as literals and never evaluated."""

import ast
import re
from collections.abc import Mapping
from typing import Any

MAX_LENGTH = 300
NOTATIONS: set[str] = set()  # prefixes of strings that are no spec strings but a notation of their own: "formula:"


def is_notation(text: str) -> bool:
    """Whether the string is in a notation of its own, and so one name as a whole."""
    return text.lstrip().startswith(tuple(NOTATIONS))


def parse(text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """Split `"elu(alpha=0.5)"` into `("elu", (), {"alpha": 0.5})`. The name may carry a prefix such as "torch:".

    Raises:
        ValueError: if the parameters are not a plain list of literals.
    """
    if is_notation(text):
        return text.strip(), (), {}
    name, bracket, rest = text.strip().partition("(")
    name = name.strip()
    if not bracket:
        return name, (), {}
    try:
        if len(text) > MAX_LENGTH:
            raise ValueError("too long")
        call = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or not name:
            raise ValueError("not a call")
        args = tuple(ast.literal_eval(value) for value in call.args)
        kwargs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        if None in kwargs or len(kwargs) < len(call.keywords):
            raise ValueError("** in a spec string, or a parameter given twice")
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        shown = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "..."
        raise ValueError(
            "An activation string must be a name, or a name with literal parameters such as 'elu(alpha=0.5)' "
            f"(at most {MAX_LENGTH} characters).{formula_hint(text)} Received: {shown!r}"
        ) from error
    return name, args, {str(key): value for key, value in kwargs.items()}


def formula_hint(text: str) -> str:
    """How a formula is written, for a text that looks like one: it has an x."""
    return f" A formula begins so: 'formula: {text}'." if re.search(r"\bx\b", text[:MAX_LENGTH]) else ""


def format(name: str, params: Mapping[str, Any]) -> str:
    """The spec string that `parse` reads back."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in params.items())})"


def slug(activation: Any) -> str:
    """A valid name for a layer, or a file, from a spec string or from anything that has a name.

    Keras refuses `/` in names, and TensorFlow brackets, spaces and most signs. Formulas may share a slug.

    Args:
        activation: a name, spec string or `"formula: ..."`, a function, bound activation, layer or class.

    Example:
        >>> [keras_acts.slug(text) for text in ("mish", "elu(alpha=0.5)", "formula: x/(1 + abs(x))")]
        ['mish', 'elu_alpha_0.5', 'formula_x_1_abs_x']
    """
    text = activation if isinstance(activation, str) else getattr(activation, "__name__", type(activation).__name__)
    return re.sub("[^A-Za-z0-9.-]+", "_", text)[:64].strip("_-") or "activation"
