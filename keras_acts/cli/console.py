"""What all commands print with, and the plain form of a formula."""

import inspect
import re
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text


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


def plain_formula(record: Any) -> str:
    """The right side of the docstring's `f(x) = ...`, which reads better in a terminal than LaTeX."""
    match = re.search(r"^f\(x\)\S* = (.+)$", inspect.getdoc(documented(record)) or "", flags=re.MULTILINE)
    return match[1] if match else record.formula


def latex(record: Any) -> str:
    """The formula in LaTeX, derived from that of a function, as written on a layer."""
    return getattr(record, "latex", record.formula)
