"""Writes pages below docs/reference: README, the atlas, and one for each file that declares something, with figures."""

import inspect
import re
from importlib import import_module
from itertools import groupby
from pathlib import Path
from types import ModuleType

import matplotlib
import tomllib

matplotlib.use("svg")
import matplotlib.pyplot as plt

import keras_acts
from keras_acts import analysis, atlas, authoring, callbacks, compat, initializers, inspection, layers, plots, testing
from keras_acts.authoring import smooth

# Modules whose public objects are shown on one page each.
MODULES = {
    "Names, strings and files": keras_acts,
    "Files of Keras 2": compat,
    "Initializers": initializers,
    "Measuring an activation": analysis,
    "Your own activation": authoring,
    "Smooth approximations": smooth,
    "Comparing": import_module("keras_acts.experiments"),
    "Your model": inspection,
    "Callbacks": callbacks,
    "Atlas": atlas,
    "Figures": plots,
    "Testing": testing,
}


def write(docs: Path) -> None:
    """All pages, below `docs/reference`."""
    for folder in ("activations", "atlas", "layers", "figures"):
        (docs / "reference" / folder).mkdir(parents=True, exist_ok=True)
    write_readme(docs.parent, docs / "reference" / "readme.md")
    write_atlas(docs / "reference" / "atlas" / "atlas.html")
    write_activations(docs / "reference")
    write_layers(docs / "reference")
    write_modules(docs / "reference")


def write_readme(root: Path, page: Path) -> None:
    """README with links that work on the site: to its pages and pictures, and to files of the repository if that has an
    address; else their text alone.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    repository = settings["tool"]["keras_acts"]["repository"]
    text = (root / "README.md").read_text(encoding="utf-8").replace("](docs/", "](/")
    link = rf"[\1]({repository}/blob/main/\2)" if repository else r"\1"
    page.write_text(re.sub(r"\[([^]]*)\]\(((?:notebooks/|README)[^)]*)\)", link, text), encoding="utf-8")


def write_atlas(page: Path) -> None:
    """The atlas, unless it is there."""
    if not page.exists():
        page.write_text(atlas.render(), encoding="utf-8")


def write_activations(reference: Path) -> None:
    """A page for each family: its functions, with their curves."""
    declared = sorted((keras_acts.info(name) for name in keras_acts.names()), key=lambda found: found.family)
    for family, members in groupby(declared, key=lambda found: found.family):
        group = list(members)
        parts = [head(words(family), import_module(group[0].body.__module__))]
        for found in group:
            draw(found.name, reference / "figures" / f"{found.name}.svg")
            parts += [heading(found.name, "-"), f".. image:: ../figures/{found.name}.svg\n"]
            parts.append(directive("function", f"keras_acts.activations.{found.name}"))
        (reference / "activations" / f"{family}.rst").write_text("\n".join(parts), encoding="utf-8")


def write_layers(reference: Path) -> None:
    """A page for each file of layers."""
    declared = sorted((layers.info(name) for name in layers.names()), key=lambda found: found.family)
    for family, group in groupby(declared, key=lambda found: found.family):
        module = import_module(f"keras_acts.layers.{family}")
        bases = ["PresetGLU"] if family == "glu_presets" else []  # whose arguments the presets have
        members = [*bases, *(found.name for found in group)]
        parts = [head(words(family), module)]
        parts += [directive("class", f"keras_acts.layers.{family}.{name}") for name in members]
        (reference / "layers" / f"{family}.rst").write_text("\n".join(parts), encoding="utf-8")


def write_modules(reference: Path) -> None:
    """A page for each module of `MODULES`."""
    classes: set[type] = set()
    for title, module in MODULES.items():
        parts = [head(title, module)]
        for name in sorted(module.__all__):
            value = getattr(module, name)
            if inspect.isclass(value):
                again = [":no-index:"] if value in classes else []  # on the page of another module too
                parts.append(directive("class", f"{module.__name__}.{name}", ":members:", *again))
                classes.add(value)
            elif inspect.isfunction(value):
                parts.append(directive("function", f"{module.__name__}.{name}"))
        page = title.lower().replace(" ", "-").replace(",", "")
        (reference / f"{page}.rst").write_text("\n".join(parts), encoding="utf-8")


def head(title: str, module: ModuleType) -> str:
    """The title, and what the module says of itself."""
    return heading(title, "=") + directive("module", module.__name__)


def heading(title: str, line: str) -> str:
    """A heading underlined with `line`."""
    return f"{title}\n{line * len(title)}\n\n"


def directive(kind: str, path: str, *options: str) -> str:
    """What shows the docstring of a function or class."""
    return "\n   ".join([f".. auto{kind}:: {path}", *options]) + "\n"


def draw(name: str, path: Path) -> None:
    """The figure of an activation, unless it is there."""
    if path.exists():
        return
    figure, ax = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    plots.draw_function(name, ax=ax)
    figure.savefig(path)
    plt.close(figure)


def words(family: str) -> str:
    """`parametric_elu` as `Parametric elu`."""
    return family.replace("_", " ").capitalize()
