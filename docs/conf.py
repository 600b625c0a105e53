"""The site: `sphinx-build -W --keep-going docs site` builds README, changelog and the reference from the docstrings."""

import inspect
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import keras
import pages

import keras_acts

project = "keras_acts"
version = release = keras_acts.__version__
copyright = "the authors of keras_acts, Apache-2.0"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton", "myst_parser"]
exclude_patterns = ["*.py", "reference/readme.md"]  # included in index.md
html_extra_path = ["reference/atlas"]  # one page that needs no other file
html_theme = "furo"
html_title = "keras_acts"

default_role = "code"  # `name` in a docstring is code, as in Markdown
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # they are in the text, with ranges and units
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Input shape", "Output shape", ("Reference", "notes_style")]
myst_heading_anchors = 3


def readable(app, what, name, obj, options, lines):
    """Plain text to reStructuredText: formulas, examples and diagrams become code, and |x| is no substitution."""
    lines[:] = list(_module(lines) if what == "module" else _formatted(lines))


def _module(lines):
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("    ") and not before:
            yield from ("::", "")
        yield line if line.startswith("    ") else line.replace("|", "\\|")


def _formatted(lines):
    code = False  # within an example that is no session
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        text = line.lstrip()
        indent = line[: len(line) - len(text)]
        code = code and (not line or line.startswith("    "))
        if code:
            yield "    " + line
        elif text == "Example:" and not following.lstrip().startswith(">>>"):
            code = True
            yield from (line, f"{indent}    .. code-block:: python", "")
        elif re.match(r"\w+'?\(.*?\) = ", text):  # f(x) = ...
            yield f"{indent}``{text}``"
        elif text.startswith(">>>") or "`" in text:
            yield line
        else:
            yield line.replace("|", "\\|")


def signature(app, what, name, obj, options, args, returns):
    """A layer takes what its `__init__` takes; Keras hides that behind a `__new__` for all."""
    if what == "class" and issubclass(obj, keras.Layer):
        own = inspect.signature(obj)
        plain = [each.replace(annotation=each.empty) for each in own.parameters.values()]
        return str(own.replace(parameters=plain, return_annotation=own.empty)), None
    return None


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", readable, priority=100)  # before napoleon
    app.connect("autodoc-process-signature", signature)
    pages.write(Path(app.srcdir))
