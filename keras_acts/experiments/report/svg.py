"""A matplotlib figure as SVG inside an HTML page, in the page's own colours, light or dark."""

import html
import io
import re
from typing import Any

from matplotlib.figure import Figure

from keras_acts import plots

__all__ = ["STYLE", "inline"]

# Text and axes are drawn in a colour that nothing else has, which is then replaced by the text colour of the page.
INK = "#010203"
_INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
_CLEAR = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor", "legend.edgecolor")
STYLE: dict[Any, Any] = {
    **dict.fromkeys(_INKED, INK),
    **dict.fromkeys(_CLEAR, "none"),
    "svg.fonttype": "none",
    "svg.hashsalt": "keras_acts",
}


def inline(figure: Figure, name: str, description: str) -> str:
    """The figure as an `<svg>` element. It is drawn, and this is called, under `matplotlib.rc_context(STYLE)`.

    Text stays text. Colours of `plots.COLORS` become the CSS variables --series-0, --series-1, ... of the page, which
    are lighter in dark mode. There is no address of any kind in it.

    Args:
        figure: any figure.
        name: unique on the page; identifiers inside the figure start with it.
        description: the alternative text.

    Returns:
        The element, with the role of an image.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text).replace("url(#", f"url(#{name}-")
    # A hundredth of a point is finer than any screen; the digits beyond it are half of a long curve's size.
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    text = text.replace(INK, "currentColor")
    for number, color in enumerate(plots.COLORS):
        text = re.sub(re.escape(color), f"var(--series-{number})", text, flags=re.IGNORECASE)
    label = html.escape(description, quote=True)
    # The view box alone sets the shape; the page sets the size.
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{label}">', text, count=1
    ).strip()
