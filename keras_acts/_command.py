"""The start of the `keras-acts` command: what needs no TensorFlow is said before it is loaded, and the rest in silence.

Importing any part of a package runs its `__init__` first, which here loads TensorFlow: 3 seconds before `--help`.
"""

import os
import sys
from contextlib import suppress
from typing import Any

from keras_acts import _extras

__all__ = ["before_tensorflow", "is_starting", "main"]


class UnderstoodError(Exception):
    """The arguments are right."""


def main(**options: Any) -> None:
    """Run the command line, or say in one line what to install."""
    try:
        with _extras.named():
            from keras_acts import cli

            cli.app(prog_name="keras-acts", **options)
    except _extras.MissingExtraError as error:  # commands import what they need when they run
        sys.exit(str(error))


def is_starting() -> bool:
    """Whether this process was started as `keras-acts` or `python -m keras_acts`, and is no worker of one that was."""
    argv = getattr(sys, "argv", None) or [""]  # a program that embeds Python may have none
    program, *arguments = sys.orig_argv[-len(argv) :] or [""]
    # While Python looks for a module to run, argv[0] is "-m".
    expected = ("keras_acts",) if argv[0] == "-m" else ("keras-acts", "keras-acts.exe")
    return arguments == argv[1:] and argv[0] in ("-m", program) and os.path.basename(program) in expected


def before_tensorflow() -> None:
    """Answer `--help`, `--version` and wrong arguments, and exit; else hide what native code writes to stderr.

    TF_CPP_MIN_LOG_LEVEL does not reach all of that. What Python writes there, errors and warnings, is still seen.
    """
    with suppress(UnderstoodError):
        main(obj=UnderstoodError())
    if sys.stderr is not None:
        sys.stderr.flush()
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
