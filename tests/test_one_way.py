"""No circle of files in keras_acts: what a file imports, at its top, inside a function or for type checkers only, never
imports it back, on any way round.

The contracts of import-linter (pyproject.toml) say which way the arrows point.
"""

import ast
import graphlib
from pathlib import Path

import pytest

import keras_acts

PACKAGE = Path(keras_acts.__file__).parent


def module_of(file, package):
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(file, module):
    """All that a file imports, wherever in it, by full name; relative imports too."""
    own_package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = own_package.split(".")[: len(own_package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant))


def imports(package):
    """For each file of a package, by module name, the other files of it that it imports."""
    files = {module_of(file, package): file for file in package.rglob("*.py")}
    graph = {}
    for module, file in files.items():
        found = set()
        for name in imported_names(file, module):
            # `from package import thing`: the file of that name, or the package that holds the thing.
            while name and name not in files:
                name = name.rpartition(".")[0]
            found.add(name)
        graph[module] = found - {module, ""}
    return graph


def circle(package):
    """Some files that import each other in a circle, or an empty list."""
    try:
        tuple(graphlib.TopologicalSorter(imports(package)).static_order())
    except graphlib.CycleError as error:
        return list(error.args[1])[::-1]
    return []


def test_there_is_no_circle_of_files():
    assert circle(PACKAGE) == []


def test_every_file_is_looked_at():
    graph = imports(PACKAGE)
    assert len(graph) == len(list(PACKAGE.rglob("*.py")))
    assert "keras_acts.testing.metric" in graph["keras_acts.testing.oracle"]
    assert "keras_acts.activations" in graph["keras_acts"]


@pytest.mark.parametrize(
    "back",
    [
        "import package.a",
        "from package import a",
        "from package.a import thing",
        "from . import a",
        "from ..package.inner.c import other",
        "def late():\n    from package.a import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.a import thing",
        "import importlib\nfound = importlib.import_module('package.a')",
    ],
)
def test_every_kind_of_circle_is_found(tmp_path, back):
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    for name, text in {
        "__init__": "from package import a, b",
        "a": "from package import b",
        "b": back,
        "inner/__init__": "",
        "inner/c": "from ..a import thing",
    }.items():
        (package / f"{name}.py").write_text(text)
    assert {"package.a", "package.b"} <= set(circle(package))
    (package / "b.py").write_text("")
    assert circle(package) == []
