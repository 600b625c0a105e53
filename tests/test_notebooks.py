"""The notebooks run from top to bottom in a kernel of their own, print no warning, and draw what they should."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
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


# Half a minute each: the tour, the one with layers of a user's own and the comparison at each change.
EACH_TIME = ("01_tour", "03_circles", "04_compare")
MARKED = [pytest.param(path, marks=() if path.stem in EACH_TIME else pytest.mark.nightly) for path in NOTEBOOKS]


@pytest.mark.slow
@pytest.mark.parametrize("path", MARKED, ids=by_name)
def test_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_ACTS_QUICK", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))  # kernels side by side share no history file
    notebook = read(path)  # the install cell too: it finds keras_acts here and does nothing
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
def test_badge_names_the_repository_if_that_has_an_address(path):
    owner_and_name = repository().removeprefix("https://github.com/")
    links = re.findall(r"\(https://colab\.research\.google\.com/([^\s()]+)\)", read(path).cells[0].source)
    assert links[-1:] == [f"github/{owner_and_name}/blob/main/notebooks/{path.name}"] * bool(owner_and_name)


def install_cell():
    """The first cell of code of each notebook, which is the same in all."""
    (source,) = {next(cell for cell in read(path).cells if cell.cell_type == "code").source for path in NOTEBOOKS}
    assert all([is_install(cell) for cell in read(path).cells].count(True) == 1 for path in NOTEBOOKS)
    return source


def installs(folder, monkeypatch, *, found):
    """What pip is told by the install cell, run in `folder`, where keras_acts is `found` or not."""
    told = []
    monkeypatch.chdir(folder)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found or None)
    monkeypatch.setattr("subprocess.run", lambda command, check: told.append((command, check)))
    exec(compile(install_cell(), "install cell", "exec"), {})  # our own text: this is what the test is about
    assert all(command[:4] == [sys.executable, "-m", "pip", "install"] and check for command, check in told)
    return [command[-1] for command, _ in told]


@pytest.mark.parametrize("found", [False, True])
def test_install_cell_takes_the_wheel_that_was_uploaded_last(found, tmp_path, monkeypatch):
    for age, version in enumerate(["0.10.0", "0.9.0", "0.2.0"]):
        wheel = tmp_path / f"keras_acts-{version}-py3-none-any.whl"
        wheel.touch()
        os.utime(wheel, (1e9 - age, 1e9 - age))
    assert installs(tmp_path, monkeypatch, found=found) == ["keras_acts-0.10.0-py3-none-any.whl[compare]"]


def test_install_cell_takes_the_checkout_of_the_notebook(tmp_path, monkeypatch):
    (tmp_path / "keras_acts").mkdir()
    (tmp_path / "notebooks").mkdir()
    assert installs(tmp_path / "notebooks", monkeypatch, found=False) == ["..[compare]"]
    assert installs(tmp_path / "notebooks", monkeypatch, found=True) == []


def test_install_cell_says_what_to_upload(tmp_path, monkeypatch):
    assert installs(tmp_path, monkeypatch, found=True) == []
    with pytest.raises(FileNotFoundError, match=r"Upload keras_acts-\*\.whl to .*, or run the notebook in a checkout"):
        installs(tmp_path, monkeypatch, found=False)


@pytest.mark.slow
def test_install_cell_installs_the_wheel_that_readme_builds(tmp_path, monkeypatch):
    pytest.importorskip("setuptools", minversion="77", reason="the dev extra is not installed")
    pytest.importorskip("pip", reason="this environment was made without pip")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`(pip wheel [^`]*)`", readme)
    copy, session, site = (tmp_path / name for name in ("copy", "session", "site"))
    shutil.copytree(ROOT / "keras_acts", copy / "keras_acts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    build = [sys.executable, "-m", *command.split(), "--no-build-isolation"]
    subprocess.run(build, cwd=copy, env=offline, check=True, capture_output=True)
    session.mkdir()
    (wheel,) = copy.glob("keras_acts-*.whl")
    shutil.move(wheel, session)
    offline |= {"PIP_NO_DEPS": "1", "PIP_TARGET": str(site)}
    subprocess.run([sys.executable, "-c", install_cell()], cwd=session, env=offline, check=True, capture_output=True)
    installed = {path.relative_to(site) for path in (site / "keras_acts").rglob("*.py")}
    assert installed == {path.relative_to(ROOT) for path in (ROOT / "keras_acts").rglob("*.py")}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_headings_carry_the_chinese_term(path):
    markdown = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#+ .*$", markdown, flags=re.MULTILINE)
    assert len(headings) > 3
    assert [heading for heading in headings if not re.search("[一-鿿]", heading)] == []
