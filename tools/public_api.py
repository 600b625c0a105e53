"""Write the public names and their signatures to `tests/data/public_api.txt`, which a test holds them to.

python -m tools.public_api
"""

import importlib
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FILE = Path(__file__).parent.parent / "tests" / "data" / "public_api.txt"

# What users import from. All else may change without notice.
MODULES = (
    "keras_acts",
    "keras_acts.activations",
    "keras_acts.analysis",
    "keras_acts.atlas",
    "keras_acts.authoring",
    "keras_acts.authoring.smooth",
    "keras_acts.callbacks",
    "keras_acts.compat",
    "keras_acts.experiments",
    "keras_acts.initializers",
    "keras_acts.inspection",
    "keras_acts.layers",
    "keras_acts.plots",
    "keras_acts.testing",
)


def public_names(module: ModuleType) -> list[str]:
    """What a module declares in `__all__`."""
    return sorted(module.__all__)


def _default(value: Any) -> str:
    return getattr(value, "__name__", repr(value)) if callable(value) else repr(value)


def _constructor(cls: type) -> str:
    """The signature of the constructor that ours of the bases define: inherited ones depend on Keras and Python."""
    for base in filter(_is_own, cls.__mro__):
        for name in ("__init__", "__new__"):
            if name in vars(base):
                return _signature(getattr(base, name), skip=1)
    return ""


def _is_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "keras_acts"


def _signature(function: Any, skip: int = 0) -> str:
    """Parameters and defaults. Types are left out: how they print depends on the version of Python."""
    parts, kind = [], None
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        if parameter.kind is parameter.KEYWORD_ONLY and kind not in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL):
            parts.append("*")
        if kind is parameter.POSITIONAL_ONLY and parameter.kind is not kind:
            parts.append("/")
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f"={_default(parameter.default)}"
        parts.append(f"{stars}{parameter.name}{default}")
        kind = parameter.kind
    return f"({', '.join(parts)})"


def _members(cls: type) -> Iterator[str]:
    """The public methods and properties that a class of ours adds to those of its foreign bases."""
    added, foreign = (
        {name for base in cls.__mro__ if _is_own(base) == own for name in vars(base)} for own in (True, False)
    )
    for name in sorted(name for name in added - foreign if not name.startswith("_")):
        member = inspect.getattr_static(cls, name)
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__
        yield f"    .{name}{_signature(member) if inspect.isfunction(member) else ''}"


def snapshot() -> str:
    """The public surface as text, a line for each name."""
    lines = []
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        lines.append(module_name)
        for name in public_names(module):
            thing = getattr(module, name)
            if inspect.ismodule(thing):
                lines.append(f"  {name}: module")
            elif inspect.isclass(thing):
                lines += [f"  {name}: class{_constructor(thing)}", *_members(thing)]
            elif callable(thing):
                lines.append(f"  {name}{_signature(thing)}")
            else:
                lines.append(f"  {name}: {type(thing).__name__}")
    return "\n".join(lines) + "\n"


def main() -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(snapshot(), encoding="utf-8")
    print(f"Written: {FILE}")


if __name__ == "__main__":
    main()
