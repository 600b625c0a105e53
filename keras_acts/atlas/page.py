"""The page: one HTML file that holds everything and asks the network for nothing."""

from collections.abc import Callable, Iterable, Sequence

from keras_acts import _extras, plots
from keras_acts._version import __version__
from keras_acts.atlas import entries
from keras_acts.core import resolve

with _extras.named():
    import jinja2

__all__ = ["render"]


def render(names: Sequence[str] | None = None, progress: Callable[[Sequence[str]], Iterable[str]] = iter) -> str:
    """The atlas as an HTML document.

    Args:
        names: of the activations to show; all of them by default, your own included.
        progress: what the names are run through while they are evaluated, about half a second each.

    Raises:
        ValueError: for an unknown name, with near matches.

    Example:
        pathlib.Path("atlas.html").write_text(keras_acts.atlas.render(["mish", "gelu"]), encoding="utf-8")
    """
    shown = [entries.entry(name) for name in progress(resolve.names() if names is None else names)]
    templates = jinja2.PackageLoader("keras_acts.atlas", "templates")
    environment = jinja2.Environment(
        loader=templates, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("atlas.html").render(
        entries=shown,
        families=sorted({each["family"] for each in shown}),
        traits=sorted({trait for each in shown for trait in each["traits"]}),
        frameworks=sorted({framework for each in shown for framework, _ in each["names"]}),
        light=plots.LIGHT,
        dark=plots.DARK,
        version=__version__,
    )
