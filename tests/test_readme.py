"""The Python of the README runs as written."""

import re
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.skipif(not README.exists(), reason="the README is in the repository, not in the wheel")
def test_code_blocks_run():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    names = {"x": np.array([-1.0, 2.0])}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)  # our own text: this is what the test is about


@pytest.mark.skipif(not README.exists(), reason="the README is in the repository, not in the wheel")
def test_it_has_exactly_two_set_up_commands():
    commands = re.findall(r"```bash\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [len(command.strip().splitlines()) for command in commands] == [1, 1]
