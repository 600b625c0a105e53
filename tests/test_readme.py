"""The Python of the README runs as written, and the Chinese README is the same one."""

import ast
import functools
import re
from pathlib import Path

import joblib
import numpy as np
import pytest

import keras_acts

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="the README is in the repository, not in the wheel")


def blocks(file, language):
    return re.findall(rf"```{language}\n(.*?)```", file.read_text(encoding="utf-8"), flags=re.DOTALL)


@functools.cache
def run_in(folder):
    found = {"__name__": "readme"}
    assert blocks(README, "python")
    with pytest.MonkeyPatch.context() as patched, joblib.parallel_config("sequential"):  # workers: test_workers.py
        patched.chdir(folder)  # it saves a model
        for block in blocks(README, "python"):
            exec(compile(block, "README.md", "exec"), found)  # our own text: this is what the test is about
    return found


@pytest.fixture
def names(tmp_path_factory):
    """What a reader has who ran all code in the order of the text; what it declares is gone after the first test."""
    return run_in(tmp_path_factory.getbasetemp())


def test_code_blocks_run(names):
    np.testing.assert_array_equal(names["loaded"](names["points"]), names["network"](names["points"]))
    assert np.isfinite(names["search"].cv_results_["mean_test_score"]).all()


def calls_in_prose(file):
    """Code in the running text that calls something: `name(...)` or `module.name(...)`."""
    prose = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    for text in re.findall(r"`([^`\n]+)`", prose):
        try:
            parsed = ast.parse(text, mode="eval").body
        except SyntaxError:
            continue
        if isinstance(parsed, ast.Call):
            yield text, parsed


@pytest.mark.parametrize("file", [README, CHINESE], ids=lambda file: file.name)
def test_calls_in_the_prose_name_what_a_reader_has(file, names):
    """Each function and argument is found from what the code of the text defines, or what the text tells to import."""
    known = dict(names)
    for line in re.findall(r"`(from keras_acts import [^`]*)`", file.read_text(encoding="utf-8")):
        exec(line, known)
    calls = list(calls_in_prose(file))
    assert len(calls) > 10
    unknown = []
    for text, call in calls:
        roots = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        unknown += [f"{text}: {root}" for root in sorted(roots - known.keys())]
        if roots <= known.keys():
            eval(ast.unparse(call.func), known)  # AttributeError names what is missing
    assert unknown == []


def test_it_has_exactly_two_set_up_commands():
    assert [len(command.strip().splitlines()) for command in blocks(README, "bash")] == [1, 1]


def test_its_counts_are_those_of_the_registry():
    text = README.read_text(encoding="utf-8")
    elementwise = [name for name in keras_acts.names() if "over_axis" not in keras_acts.info(name).traits]
    assert f"all {len(elementwise)} elementwise functions" in text
    assert f"a layer: {len(keras_acts.layers.names())} of them" in text


def test_files_that_it_names_exist():
    text = README.read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`((?:tests|benchmarks|docs)/[^`]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def without_comments(block):
    return re.sub(r"#.*", "", block)


@pytest.mark.parametrize("language", ["python", "bash"])
def test_the_chinese_readme_has_the_same_code(language):
    english, chinese = (list(map(without_comments, blocks(file, language))) for file in (README, CHINESE))
    assert chinese == english


def test_the_chinese_readme_has_the_same_parts_and_numbers():
    def outline(file):
        lines = file.read_text(encoding="utf-8").splitlines()
        return [re.match("#+", line)[0] for line in lines if re.match("#+ ", line)]

    def numbers(file):
        prose = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        return sorted(re.findall(r"\d+(?:\.\d+)?", prose))

    assert outline(CHINESE) == outline(README)
    assert numbers(CHINESE) == numbers(README)
