"""The notebooks run from top to bottom in a kernel of their own, print no warning, and draw what they should."""

import base64
import io
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# TensorFlow's own start-up messages, which no setting turns off.
START_UP = re.compile(r"WARNING: All log messages before absl::InitializeLog|I\d{4} [\d:.]+ +\d+ \S+\.cc:\d+\] ")

pytestmark = pytest.mark.skipif(not NOTEBOOKS, reason="the notebooks are in the repository, not in the wheel")


def by_name(path):
    return path.stem


def read(path):
    return nbformat.read(path, as_version=4)


def repository():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["keras_acts"]["repository"]


def is_install(cell):
    return "install" in cell.metadata.get("tags", [])


def draws(cell):
    return re.search(r"^(plt\.)?show\(", cell.source, flags=re.MULTILINE) is not None


def pictures(cell):
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")).astype(int)
        for output in cell.outputs
        if output.output_type == "display_data" and "image/png" in output.data
    ]


def coloured_share(picture):
    """Share of the pixels that are neither white, black nor grey: what is drawn, without frame, ticks and text."""
    return np.mean(picture.max(axis=-1) - picture.min(axis=-1) > 30)


def messages(cell):
    """What a cell wrote to stderr."""
    text = "".join(output.text for output in cell.outputs if output.get("name") == "stderr")
    return [line for line in text.splitlines() if line and not START_UP.match(line)]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_ACTS_QUICK", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))  # kernels side by side share no history file
    notebook = read(path)
    notebook.cells = [cell for cell in notebook.cells if not is_install(cell)]
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [message for cell in code for message in messages(cell)] == []
    drawing = [cell for cell in code if draws(cell)]
    assert drawing
    for cell in drawing:
        shares = [coloured_share(picture) for picture in pictures(cell)]
        assert shares, f"no figure:\n{cell.source}"
        assert min(shares) > 1e-3, f"an empty figure:\n{cell.source}"


def test_an_empty_figure_is_told_from_a_full_one():
    def share(figure):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return coloured_share(np.asarray(Image.open(buffer).convert("RGB")).astype(int))

    figure = Figure()
    ax = figure.subplots()
    ax.set(title="nothing here", xlabel="x")
    ax.grid(alpha=0.25)
    assert share(figure) == 0.0
    ax.plot([0.0, 1.0], [0.0, 1.0])
    assert share(figure) > 1e-3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_notebook_is_valid_and_kept_without_outputs(path):
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_badge_and_install_cell_name_the_repository(path):
    owner_and_name = repository().removeprefix("https://github.com/")
    cells = read(path).cells
    links = re.findall(r"\(https://colab\.research\.google\.com/([^\s()]+)\)", cells[0].source)
    assert links[-1] == f"github/{owner_and_name}/blob/main/notebooks/{path.name}"
    installing = [cell for cell in cells if is_install(cell)]
    assert installing == [next(cell for cell in cells if cell.cell_type == "code")]
    assert installing[0].source == f'%pip install --quiet "keras_acts[compare] @ git+{repository()}"'


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_headings_carry_the_chinese_term(path):
    markdown = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#+ .*$", markdown, flags=re.MULTILINE)
    assert len(headings) > 3
    assert [heading for heading in headings if not re.search("[一-鿿]", heading)] == []
