"""What all commands print with, and the plain form of a formula."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from keras_acts import notation
from keras_acts.core.activation import Activation

__all__ = ["documented", "fail", "formulas", "reason", "say"]


def say(message: Any = "", **options: Any) -> None:
    """Print, without reading markup in the message."""
    Console(highlight=False, markup=False).print(message, **options)


def fail(message: str) -> NoReturn:
    """One red line, and the exit code of a usage error."""
    Console(stderr=True).print(Text(f"Error: {message}", style="red"), soft_wrap=True)
    raise typer.Exit(2)


def reason(error: Exception) -> str:
    """Why a file could not be written."""
    return getattr(error, "strerror", None) or str(error)


def documented(record: Any) -> Any:
    """What holds the docstring of a record: a function, or the class of a layer."""
    return record.cls if hasattr(record, "cls") else record.function


def formulas(record: Any, params: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """The formula of a record as text and in LaTeX; of a function, the one for these parameters or its defaults.

    Where a record has LaTeX alone, the docstring's `f(x) = ...` reads better in a terminal.
    """
    if isinstance(record, Activation):
        formula = record.formula_at(record.defaults if params is None else params)
        if isinstance(formula, str):
            return formula, notation.latex(formula)
    match = re.search(r"^f\(x\)\S* = (.+)$", inspect.getdoc(documented(record)) or "", flags=re.MULTILINE)
    return match[1] if match else record.formula, record.formula
