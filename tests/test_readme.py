"""The Python of the README runs as written, and the Chinese README is the same one."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="the README is in the repository, not in the wheel")


def blocks(file, language):
    return re.findall(rf"```{language}\n(.*?)```", file.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_code_blocks_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # they save a model
    names = {"x": np.array([-1.0, 2.0])}
    assert blocks(README, "python")
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), names)  # our own text: this is what the test is about
    np.testing.assert_array_equal(names["loaded"](names["points"]), names["network"](names["points"]))


def test_it_has_exactly_two_set_up_commands():
    assert [len(command.strip().splitlines()) for command in blocks(README, "bash")] == [1, 1]


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
