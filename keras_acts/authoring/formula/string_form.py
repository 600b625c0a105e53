"""A formula with its parameters as one string: `"formula: x*sigmoid(beta*x), beta=1.5"`."""

import re
from collections.abc import Mapping

from keras_acts.notation.tokens import MAX_LENGTH, FormulaError

PREFIX = "formula:"
_ASSIGNMENT = re.compile(r"[,;]\s*[A-Za-z_][A-Za-z_0-9]*\s*=")
_PART = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*=\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*")


def write(formula: str, params: Mapping[str, float]) -> str:
    """The string that `read` reads back."""
    return ", ".join([f"{PREFIX} {formula}", *(f"{name}={value!r}" for name, value in params.items())])


def read(text: str) -> tuple[str, dict[str, float]]:
    """The formula and its parameters. They follow it, after commas or semicolons.

    Raises:
        FormulaError: if what follows the formula is no list of `name=number`.
    """
    body = text.strip().removeprefix(PREFIX)
    if len(body) > 2 * MAX_LENGTH:
        raise FormulaError(f"A formula has at most {MAX_LENGTH} characters.", body)
    found = _ASSIGNMENT.search(body)
    if found is None:
        return body.strip(), {}
    params: dict[str, float] = {}
    position = found.start() + 1
    for part in re.split("[,;]", body[position:]):
        match = _PART.fullmatch(part)
        if match is None:
            raise FormulaError("Parameters follow a formula as name=number, such as beta=1.5.", body, position)
        if match[1] in params:
            raise FormulaError(f"The parameter '{match[1]}' is given twice.", body, position)
        params[match[1]] = float(match[2])
        position += len(part) + 1
    return body[: found.start()].strip(), params
