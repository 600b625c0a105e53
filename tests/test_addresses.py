"""No text sends a reader to an address or a package name that the project does not own.

Who registers it would run code at our readers'. The one address that texts may name is the repository's, in
pyproject.toml, once the project has one.
"""

import ast
import json
import re
from pathlib import Path

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
TEXTS = ["*.md", "docs/*.md", "docs/*.py", "docs/*.html", "Makefile", "setup.cfg", "pyproject.toml", ".ci/run"]
PACKAGE = Path(__file__).parent.parent / "keras_acts"

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="the texts are in the repository, not in the wheel"
)

NAME = r"keras[-_.]?acts"
# A host, or git+, with the project's name behind it; Colab's form of a repository.
ADDRESS = re.compile(
    rf"\b(?:git\+|[\w-]+(?:\.[\w-]+)*\.[a-z]{{2,}}(?::\d+)?/)[^\s\"'`)>\\]*{NAME}[^\s\"'`)>\\]*", re.IGNORECASE
)
# What is asked of an index by the project's name, and no path: a wheel, or a folder.
INSTALLED = re.compile(
    rf"\b(?:install|add|wheel|download|pipx run|uvx|--with)\b[^\n;&|`]*?[\s\"']{NAME}(?:\[[^\]]*\])?(?![\w./*-])",
    re.IGNORECASE,
)
DIRECT = re.compile(rf"(?<![\w./]){NAME}(?:\[[^\]]*\])? *@ *\S+", re.IGNORECASE)


def repository():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["keras_acts"]["repository"]


def told(text, own=""):
    """Addresses and names of an index in a text; those below `own` are the project's."""
    lines = [line for line in text.splitlines() if re.search(NAME, line, re.IGNORECASE)]
    patterns = (ADDRESS, DIRECT, INSTALLED)
    found = [match[0] for line in lines for pattern in patterns for match in pattern.finditer(line)]
    return [each for each in found if not own or own.partition("://")[2] not in each]


def strings_of(source):
    """All string constants, those of f-strings with {} for what is put in, if any may hold an address or a command."""
    if not re.search(r"install|://|git\+|\.[a-z]{2,}/| add |uvx|download|wheel", source, re.IGNORECASE):
        return  # parsing all files would take most of the time
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def texts():
    for pattern in TEXTS:
        for path in sorted(ROOT.glob(pattern)):
            yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield path, "".join(cell["source"])
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".py":
            yield from ((path, string) for string in strings_of(path.read_text(encoding="utf-8")))
        elif path.suffix in (".html", ".js", ".json", ".css"):
            yield path, path.read_text(encoding="utf-8")


def test_no_text_names_an_address_that_is_not_ours():
    assert [(path.name, each) for path, text in texts() for each in told(text, repository())] == []


OWNERS = ["keras-acts", "keras_acts", "kerasacts", "someone"]


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/{owner}/keras-acts",
        "see gitlab.com/{owner}/keras_acts/-/issues",
        "(https://colab.research.google.com/github/{owner}/keras-acts/blob/main/notebooks/01_tour.ipynb)",
        '%pip install --quiet "keras_acts[compare] @ git+https://github.com/{owner}/keras-acts"',
        "pip install git+ssh://git@host/{owner}/keras_acts.git",
        "https://{owner}.readthedocs.io/keras-acts/",
    ],
)
def test_addresses_are_found(text, owner):
    text = text.format(owner=owner)
    assert told(text)
    assert told(text, "https://elsewhere.org/a/b")
    assert not told(f"https://github.com/{owner}/keras-acts/issues", f"https://github.com/{owner}/keras-acts")


@pytest.mark.parametrize(
    "command", ["pip install", "python -m pip install -U", "uv pip install", "uv add", "pipx run", "!pip install -q"]
)
@pytest.mark.parametrize("name", ["keras_acts", "keras-acts", "'keras_acts[compare]'", '"keras-acts[test,docs]==0.1"'])
def test_names_asked_of_an_index_are_found(command, name):
    assert told(f"needs sklearn. Install it with: {command} {name}")


@pytest.mark.parametrize(
    "text",
    [
        "pip install '.[compare]' && keras-acts compare",
        "pip wheel --no-deps . makes keras_acts-0.1.0-py3-none-any.whl",
        "pip install ./keras_acts-0.1.0-py3-none-any.whl",
        "Upload keras_acts-*.whl",
        "github.com/digantamisra98/H-Mish",
        "call `keras_acts.install(override='all')`",
        "`import keras_acts` before loading",
        "keras_acts/core/numerics/__init__.py",
        "with install(keras_acts.get('gelu'))",
    ],
)
def test_nothing_else_is_found(text):
    assert told(text) == []
