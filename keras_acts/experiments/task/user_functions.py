"""A user's own functions by name, so that settings stay plain text: "package.module:function" or "file.py:function"."""

import ast
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from keras_acts.core import spec
from keras_acts.experiments.task.options import check_options, unknown

__all__ = ["check_shared", "code_of", "find", "name_of", "resolve"]

Function = Callable[..., Any]
ABOVE = 4  # folders


def name_of(function: Function) -> str:
    """The name under which `resolve` finds this function again, in another process too.

    Raises:
        ValueError: if there is none: for lambdas and functions inside functions.
    """
    name = f"{getattr(function, '__module__', None)}:{getattr(function, '__qualname__', None)}"
    with suppress(ValueError):
        if resolve(name) is function:
            return name
    raise ValueError(
        "Each run may go to another process, which must find the function by name: define it at the top level of a "
        f"module, with `def`. Received: {function!r}"
    )


def resolve(name: str) -> Function:
    """The function of a name such as "package.module:function" or "folder/file.py:function".

    Raises:
        ValueError: if there is none.
    """
    place, _, qualified = name.rpartition(":")
    try:
        found: Any = _load(place) if place.endswith(".py") else importlib.import_module(place)
        for part in qualified.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, OSError, ValueError) as error:
        raise ValueError(
            "A function of your own must be named 'package.module:function' or 'file.py:function'. "
            f"Received: {name!r} ({type(error).__name__}: {error})"
        ) from error
    if not callable(found):
        raise ValueError(f"'{name}' must be a function. Received: {type(found).__name__}")
    return found


def code_of(function: Function) -> bytes:
    """The code of the file of a function, and of those beside it that it imports, directly or not.

    Without comments, and of a script without what stands below its main guard.
    """
    file = getattr(sys.modules.get(function.__module__), "__file__", None)
    if file is None:  # in a notebook
        with suppress(OSError, TypeError):
            return inspect.getsource(function).encode()
        return b""
    found = [Path(file).resolve()]
    codes = []
    for path in found:  # which grows
        if not path.is_file():  # what was typed
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tree.body = [node for node in tree.body if not _is_main_guard(node)]
        codes.append(ast.dump(tree))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{name}" for name in names)] if node.module else names
            # A name of a package is told from any folder above.
            places = [root.joinpath(*name.split(".")) for root in path.parents[:ABOVE] for name in names]
            near = [each for place in places for each in (place.with_suffix(".py"), place / "__init__.py")]
            if isinstance(node, ast.ImportFrom) and node.module is None:  # from . import name
                near.append(path.parent / "__init__.py")
            found += [each for each in dict.fromkeys(near) if each.is_file() and each not in found]
    return "".join(codes).encode()


def _is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def find(
    kind: str, text: str, known: Mapping[str, Function], given: Sequence[str], others: str = ""
) -> tuple[Function, dict[str, Any]]:
    """The function that a spec string means, one of ours or a user's own, and the options in the string.

    Args:
        kind: what it is, for errors.
        text: the spec string, such as "circles(noise=0.1)" or "module:function(size=3)".
        known: our functions by name.
        given: their parameters that are no options.
        others: what else is possible, for errors.

    Raises:
        ValueError: for an unknown name, or an option that a function of ours does not take.
    """
    place, _, options = spec.parse(text)
    if place in known:
        return known[place], check_options(text, known[place], given)
    if ":" in place:
        return resolve(place), options
    raise unknown(kind, text, known, f"{others}; and functions of your own as 'module:function'")


def check_shared(name: str, engine: str) -> None:
    """Raise ValueError for a function that lives in this process only, where other processes have to find it."""
    if engine == "here" or not name.startswith("__main__:"):
        return
    main = sys.modules["__main__"]
    script = getattr(main, "__spec__", None) is not None or hasattr(main, "__file__")
    if engine == "processes" and script:  # each process imports the script again, without its `__main__` block
        return
    raise ValueError(
        f"The workers of engine={engine!r} cannot import what is defined in "
        f"{'the script that was started' if script else 'a notebook or an interactive session'}. Write the function to "
        "a file and name it 'file.py:function', or use engine='here', which runs everything in this process. "
        f"Received: {name!r}"
    )


def _load(file: str) -> Any:
    path = Path(file).resolve()
    module_name = f"keras_acts file {path} {path.stat().st_mtime_ns}"  # an edited file is another module
    if module_name not in sys.modules:
        found = importlib.util.spec_from_file_location(module_name, path)
        if found is None or found.loader is None:
            raise OSError(f"not a file of Python: {path}")
        module = importlib.util.module_from_spec(found)
        sys.modules[module_name] = module
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))  # for what lies beside it, also later
        try:
            found.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    return sys.modules[module_name]
