"""The source distribution holds all that the repository does, so that its tests can be run."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a clone knows what the repository holds"),
]


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_source_distribution_is_complete(tmp_path):
    pytest.importorskip("build", reason="the dev extra is not installed")
    pytest.importorskip("setuptools", minversion="77", reason="the dev extra is not installed")
    files = run("git", "ls-files", cwd=ROOT).splitlines()
    for name in files:  # a copy, as building writes into its folder
        copy = tmp_path / "copy" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), cwd=tmp_path / "copy")
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        held = {name.partition("/")[2] for name in content.getnames()}
    assert set(files) - held == {".gitignore"}
