"""The smoke test and the quick tests at both ends of what is supported, and on what Colab has.

python -m tools.versions              # those that have not passed through at this commit yet
python -m tools.versions colab        # this one, again

Left out are tests/contract, whose numerics the other targets measure, what is slow, and of a test with many cases all
but a few, spread evenly (`--cases`; 0 takes all). Each environment is made in build/versions, which keeps it. One that
is done is noted there at once, so that an interrupted run goes on there, and benchmarks/results/versions.md is written
anew. Pythons are python3.10, python3.12, python3.13, or what PYTHON310, PYTHON312, PYTHON313 say.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "versions"
TABLE = ROOT / "benchmarks" / "results" / "versions.md"
SHOWN = ("keras", "tensorflow", "numpy")

# Python and what pip is told besides `.[test]`.
ENVIRONMENTS = {
    "lowest": ("3.10", ["keras==3.8.0", "tensorflow==2.17.*", "numpy==1.26.*"]),
    "colab": ("3.12", ["keras==3.10.*", "tensorflow==2.19.*", "numpy==2.0.*"]),
    "newest": ("3.13", ["--upgrade", "--upgrade-strategy=eager"]),
}
HEAD = """# Versions

The smoke test and the quick tests outside `tests/contract`, of those with many cases a few, by `make versions`.

| Environment | Date | Commit | Python | Keras | TensorFlow | NumPy | Smoke | Passed | Failed | Skipped | Minutes |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def run(*command: str | Path) -> int:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode


def printed(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def commit() -> str:
    """Short, with a + where the working tree differs from it, but for results."""
    changed = printed("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results")
    return printed("git", "rev-parse", "--short", "HEAD").strip() + "+" * bool(changed)


def bin_of(name: str) -> Path:
    """Where the programs of the environment are, which is made or brought up to date."""
    python, wanted = ENVIRONMENTS[name]
    variable = "PYTHON" + python.replace(".", "")
    bin_ = FOLDER / name / "bin"
    if not bin_.exists():
        run(os.environ.get(variable, f"python{python}"), "-m", "venv", FOLDER / name)
    if run(bin_ / "pip", "install", "--quiet", f"{ROOT}[test]", *wanted):
        raise SystemExit(f"{name} could not be installed. Python {python} is looked for on the path and in {variable}.")
    return bin_


def outcome(test: ElementTree.Element) -> str:
    """Of one test in pytest's report: passed, failed, skipped or xfailed."""
    if {"failure", "error"} & {part.tag for part in test}:
        return "failed"
    skip = test.find("skipped")
    return "passed" if skip is None else "xfailed" if skip.get("type") == "pytest.xfail" else "skipped"


def record(name: str, workers: int, cases: int) -> dict:
    """What happened, with the versions that pip chose."""
    started = time.monotonic()
    at = {"environment": name, "date": str(datetime.date.today()), "commit": commit()}
    bin_, report = bin_of(name), FOLDER / f"{name}.xml"
    listed = {entry["name"]: entry["version"] for entry in json.loads(printed(bin_ / "pip", "list", "--format=json"))}
    smoke = run(bin_ / "python", ROOT / "tests" / "smoke.py") == 0
    parallel = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    report.unlink(missing_ok=True)
    chosen = ["--ignore=tests/contract", *([f"--cases={cases}"] if cases else [])]
    run(bin_ / "pytest", "-q", "--tb=short", "--durations=20", f"--junitxml={report}", *chosen, *parallel)
    tests = list(ElementTree.parse(report).iter("testcase"))
    failed = [test for test in tests if outcome(test) == "failed"]
    skipped = sum(outcome(test) in ("skipped", "xfailed") for test in tests)
    return {
        **at,
        "python": printed(bin_ / "python", "-c", "import platform; print(platform.python_version())").strip(),
        **{package: listed[package] for package in SHOWN},
        "smoke": "passed" if smoke else "failed",
        "passed": len(tests) - len(failed) - skipped,
        "failed": [f"{test.get('classname')}.{test.get('name')}" for test in failed],
        "skipped": skipped,
        "minutes": round((time.monotonic() - started) / 60),
    }


def noted() -> list[dict]:
    return [json.loads(path.read_text()) for name in ENVIRONMENTS if (path := FOLDER / f"{name}.json").exists()]


def write_table() -> None:
    records = noted()
    rows = [{**record, "failed": len(record["failed"])} for record in records]
    failures = [f"- {record['environment']}: `{test}`" for record in records for test in record["failed"]]
    lines = ["| " + " | ".join(map(str, row.values())) + " |" for row in rows]
    TABLE.write_text(HEAD + "\n".join([*lines, *([""] if failures else []), *failures]) + "\n")


def is_done(name: str) -> bool:
    path = FOLDER / f"{name}.json"
    return path.exists() and json.loads(path.read_text())["commit"] == commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environments", nargs="*", metavar="environment", help=", ".join(ENVIRONMENTS))
    parser.add_argument("--workers", type=int, default=2, help="processes of pytest")
    parser.add_argument("--cases", type=int, default=4, help="how many cases of a test; 0: all")
    arguments = parser.parse_args()
    if unknown := set(arguments.environments) - set(ENVIRONMENTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}. There are {', '.join(ENVIRONMENTS)}.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in arguments.environments or [name for name in ENVIRONMENTS if not is_done(name)]:
        print(f"{name}: Python {ENVIRONMENTS[name][0]}", flush=True)
        (FOLDER / f"{name}.json").write_text(json.dumps(record(name, arguments.workers, arguments.cases)))
        write_table()
    records = noted()
    sys.exit(any(record["failed"] or record["smoke"] == "failed" for record in records))


if __name__ == "__main__":
    main()
