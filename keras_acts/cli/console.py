"""What all commands print with, and the plain form of a formula."""

import inspect
import os
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

__all__ = ["Checked", "documented", "fail", "formulas", "reason", "say"]


class Checked(TyperCommand):
    """A command that raises, once its arguments are read, the error given as `app(obj=...)`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command if no error is given."""
        if ctx.obj is not None:
            raise ctx.obj
        return super().invoke(ctx)


def say(message: Any = "", **options: Any) -> None:
    """Print, without reading markup in the message. In a file or pipe no line is wrapped, for grep."""
    from rich.console import Console  # here, as a third of what help and errors of usage would cost

    width = None if os.isatty(1) or "COLUMNS" in os.environ else 10_000
    Console(highlight=False, markup=False, width=width).print(message, **options)


def fail(message: str) -> NoReturn:
    """One red line, and the exit code of a usage error."""
    from rich.console import Console

    Console(stderr=True, highlight=False, markup=False).print(f"Error: {message}", style="red", soft_wrap=True)
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
    if hasattr(record, "formula_at"):  # a function
        formula = record.formula_at(record.defaults if params is None else params)
        if isinstance(formula, str):
            from keras_acts import notation

            return formula, notation.latex(formula)
    match = re.search(r"^f\(x\)\S* = (.+)$", inspect.getdoc(documented(record)) or "", flags=re.MULTILINE)
    return match[1] if match else record.formula, record.formula
