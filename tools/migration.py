"""Write the page for those who come from another framework, `docs/migration.md`, from the aliases of our records.

python -m tools.migration
"""

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import keras_acts
from keras_acts import layers
from keras_acts.core import resolve, spec, string_table
from keras_acts.core.params import constructor_arguments

PAGE = Path(__file__).parent.parent / "docs" / "migration.md"

# By framework, as in "torch:LeakyReLU": the title of its table, and what a reader should know first.
FRAMEWORKS = {
    "tfa": (
        "TF Addons",
        "Files with these names: `keras_acts.load_legacy(path)`, or `import keras_acts.compat.tfa` before "
        "`keras.models.load_model`. `activation=rrelu` never drew there: it was `leaky_relu` with the slope 11/48. "
        "`Maxout(num_units)` is `layers.Maxout(units=num_units)`.",
    ),
    "keras_contrib": (
        "keras-contrib",
        "Files: `keras_acts.load_legacy(path)`. Its `squash` divides by `0.5 + |x|²`, ours by `1 + |x|²`.",
    ),
    "keras2": (
        "Keras 2",
        "Files: `keras_acts.load_legacy(path)` or `keras-acts convert old.h5 new.keras`. All other strings of Keras 2 "
        "mean the same in Keras 3. `LeakyReLU(alpha)` is `keras.layers.LeakyReLU(negative_slope)`, 0.3 in both.",
    ),
    "torch": ("torch", "Of `torch.nn` and `torch.nn.functional`."),
    "timm": ("timm", "Names as for `create_act_layer`."),
    "hf": ("Hugging Face transformers", "Names as in `ACT2FN`, and layers of audio models."),
    "onnx": ("ONNX operators", "With the attributes of the operator, as in `onnx:HardSigmoid(alpha=0.5)`."),
}

HEAD = """# Coming from another framework

What to write here for an activation there, and whether its defaults are the same. The second column has the defaults
of there, in our own words; a string goes into `activation=` or `keras_acts.get`, and `layers` is `keras_acts.layers`.
A name with the framework before it takes arguments as that framework means them: `activation="torch:LeakyReLU"`,
`keras_acts.get("torch:LeakyReLU(0.1)")`, `keras_acts.layers.get("torch:PReLU(64)")`.

This page is written by `python -m tools.migration` from the records of the activations, and a test holds it to them.
"""


class Row(NamedTuple):
    """Names of one framework for one thing here."""

    names: tuple[str, ...]
    here: str
    same: str


def rows(framework: str) -> list[Row]:
    """All names of a framework, those for the same thing in one row, in the order of the names."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, here, same in _each(framework):
        found.setdefault((here, same), []).append(name)
    made = [Row(tuple(names), *told) for told, names in found.items()]
    return sorted(made, key=lambda row: row.names[0].lower())


def _each(framework: str) -> Iterator[tuple[str, str, str]]:
    for record in resolve.activations.current().values():
        for alias in record.aliases.get(framework, ()):
            yield alias.name, *_of_function(framework, record, alias)
    for record in resolve.layers.current().values():
        for alias in record.aliases.get(framework, ()):
            yield alias.name, *_of_layer(framework, record, alias)


def _asked(alias: Any) -> list[str]:
    return [f"`{each.name}`" for each in alias.signature.parameters.values() if each.default is each.empty]


def _of_function(framework: str, record: Any, alias: Any) -> tuple[str, str]:
    if "..." in alias.call:
        return f'"{framework}:{alias.call}"', f"{', '.join(_asked(alias))} must be given there"
    _, theirs = resolve.declaration_of(keras_acts.get(f"{framework}:{alias.call}"))
    other = {key: value for key, value in theirs.items() if value != record.defaults[key]}
    name = f"keras_acts>{record.name}" if record.name in string_table.WRONG else record.name
    here = spec.format(name, other) if other else name
    if _asked(alias):
        return f'"{here}"', f"{', '.join(_asked(alias))} must be given there"
    if resolve.find(alias.name) not in (None, record):
        return f'"{here}"', f"no: `{alias.name}` is another function here, and in Keras 3"
    return f'"{here}"', _said({key: (repr(value), repr(record.defaults[key])) for key, value in other.items()})


def _of_layer(framework: str, record: Any, alias: Any) -> tuple[str, str]:
    call = f"{framework}:{alias.call}"
    if "..." in call:
        return f"layers.get({call!r})", f"{', '.join(_asked(alias))} must be given there"
    theirs, arguments = layers.get(call), constructor_arguments(record.cls)
    required = {name for name, each in arguments.items() if each.default is each.empty} - {"kwargs"}
    ours = record.cls(**{name: getattr(theirs, name) for name in required})
    other = {}
    for name in arguments:
        there, here = (_shown(getattr(layer, name, None)) for layer in (theirs, ours))
        if there != here or name in required:
            other[name] = there, "to be given" if name in required else here
    given = ", ".join(f"{name}={value}" for name, (value, _) in other.items())
    return f"layers.get({call!r})" if "(" in given else f"layers.{record.name}({given})", _said(other)


def _shown(value: Any) -> str:
    """An argument as one would write it; an initializer that is a number as that."""
    kinds = keras.initializers
    if isinstance(value, kinds.Zeros | kinds.Ones):
        return repr(float(isinstance(value, kinds.Ones)))
    if isinstance(value, kinds.Constant):
        return repr(value.value)
    if isinstance(value, kinds.Initializer):
        config = ", ".join(f"{key}={each!r}" for key, each in value.get_config().items() if key != "seed")
        return f"{type(value).__name__}({config})"
    return repr(value.__name__ if inspect.isfunction(value) else value)


def _said(other: dict[str, tuple[str, str]]) -> str:
    if not other:
        return "yes"
    return "no: " + ", ".join(f"`{name}` is {theirs} there, {ours} here" for name, (theirs, ours) in other.items())


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for framework, (title, first) in FRAMEWORKS.items():
        lines = ["| There | Here | Same default? |", "|---|---|---|"]
        for names, here, same in rows(framework):
            there = ", ".join(f"`{name}`" for name in names)
            lines.append(f"| {there} | `{here}` | {same} |")
        parts.append(f"## {title}\n\n{first}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Written: {PAGE}")


if __name__ == "__main__":
    main()
