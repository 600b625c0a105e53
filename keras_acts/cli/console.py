"""What all commands print with, and the plain form of a formula."""

import codecs
import inspect
import os
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

__all__ = ["Checked", "documented", "fail", "formulas", "reason", "say", "terminal"]

ALIKE = {"±": "+-", "−": "-", "–": "-", "∞": "inf", "…": "...", "×": "x"}


class Checked(TyperCommand):
    """A command that raises, once its arguments are read, the error given as `app(obj=...)`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command if no error is given."""
        if ctx.obj is not None:
            raise ctx.obj
        return super().invoke(ctx)


def terminal(stderr: bool = False, width: int | None = None) -> Any:
    """A Rich console that reads no markup. Where its encoding lacks a character, it prints one like it."""
    from rich.console import Console  # here, as a third of what help and errors of usage would cost

    class Terminal(Console):
        def render_str(self, text: str, **options: Any) -> Any:  # before columns are measured
            return super().render_str(text.encode(self.encoding, ALIKE_ERRORS).decode(self.encoding), **options)

    found = Terminal(stderr=stderr, highlight=False, markup=False, width=width)
    if hasattr(found.file, "reconfigure"):
        found.file.reconfigure(errors=ALIKE_ERRORS)
    return found


def _alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    plain = (
        ALIKE.get(each) or unicodedata.normalize("NFKD", each).encode("ascii", "ignore").decode() or "?"
        for each in characters
    )
    return "".join(plain), error.end


ALIKE_ERRORS = "keras_acts.alike"
codecs.register_error(ALIKE_ERRORS, _alike)


def say(message: Any = "", **options: Any) -> None:
    """Print, without reading markup in the message. In a file or pipe no line is wrapped, for grep."""
    terminal(width=None if os.isatty(1) or "COLUMNS" in os.environ else 10_000).print(message, **options)


def fail(message: str) -> NoReturn:
    """One red line, and the exit code of a usage error."""
    terminal(stderr=True).print(f"Error: {message}", style="red", soft_wrap=True)
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
