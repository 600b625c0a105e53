"""Packages that only some parts need, each from one of the extras of setup.cfg."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["MissingExtraError", "named"]

EXTRAS = {
    "mpmath": "check",
    "ray": "ray",
    "tensorboard": "tensorboard",
}  # by what is imported; the others are in "compare"
EXTRAS |= dict.fromkeys(
    ("altair", "jinja2", "latex2mathml", "matplotlib", "scipy", "sklearn", "typer", "vl_convert", "yaml"), "compare"
)
EXTRAS |= dict.fromkeys(("ai_edge_litert", "onnxruntime", "tf2onnx"), "export")


class MissingExtraError(ModuleNotFoundError):
    """A package is missing that an extra brings."""


@contextmanager
def named() -> Iterator[None]:
    """Around what imports such packages: where one is missing, the error names its extra.

    Raises:
        MissingExtraError: a ModuleNotFoundError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        command = f"in a clone of the repository: pip install '.[{EXTRAS[missing]}]'"
        raise MissingExtraError(f"keras-acts needs {missing}. Install it with, {command}", name=error.name) from None
