"""The nightly tests in parts of some minutes; what came of them is kept in benchmarks/results/nightly.md and .csv.

python -m tools.nightly              # the cases that have not been run at this commit yet
python -m tools.nightly --missing    # those that have not been run at any commit, and those that failed
python -m tools.nightly --anew       # all of them

The outcomes of a part are noted by case at once, so that an interrupted run, or one elsewhere, goes on there.
"""

import argparse
import csv
import datetime
import json
import subprocess
import sys
import time
from collections import Counter
from xml.etree import ElementTree

from tools.versions import ROOT, commit, outcome, printed, run

FOLDER = ROOT / "build" / "nightly"
TABLE = ROOT / "benchmarks" / "results" / "nightly.md"
NOTES = TABLE.with_suffix(".csv")
SIZE = 100  # cases of one part
PYTEST = (sys.executable, "-m", "pytest", "-q")
HEAD = """# Nightly

Each test of `make nightly`, with how many of its cases passed. The versions are those of `{versions}`.

| Test | Passed | Failed | Skipped | Expected failures | Minutes of one core | Date and commit |
|---|---|---|---|---|---|---|
"""


def collected() -> dict[str, str]:
    """The names of all nightly cases, as in pytest's report, with their ids, in order."""
    done = subprocess.run(
        [*PYTEST, "--collect-only", "-m", "nightly"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    ids = [line for line in done.stdout.splitlines() if "::" in line]
    return {f"{(parts := each.partition('.py::'))[0].replace('/', '.')}.{parts[2]}": each for each in ids}


def kept() -> dict[str, dict[str, str]]:
    """What happened in each case, when, and at which commit."""
    with NOTES.open(encoding="utf-8", newline="") as file:
        return {case.pop("case"): case for case in csv.DictReader(file)}


def keep(noted: dict[str, dict[str, str]]) -> None:
    with NOTES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("case", "outcome", "seconds", "date", "commit"), lineterminator="\n")
        writer.writeheader()
        writer.writerows({"case": name, **case} for name, case in sorted(noted.items()))


def outcomes(ids: list[str], workers: int) -> dict[str, dict[str, str]]:
    """What happened in each case of a part."""
    listed, report = FOLDER / "part.txt", FOLDER / "part.xml"
    listed.write_text("\n".join(ids))
    report.unlink(missing_ok=True)
    options = ["--tb=short", "-n", str(workers), "--dist", "worksteal", f"--junitxml={report}"]
    run(*PYTEST, "-m", "nightly", *options, f"@{listed}")
    return {
        f"{case.get('classname')}.{case.get('name')}": {
            "outcome": outcome(case),
            "seconds": f"{float(case.get('time')):.1f}",
            "date": str(datetime.date.today()),
            "commit": commit(),
        }
        for case in ElementTree.parse(report).iter("testcase")
    }


def write_table(noted: dict[str, dict[str, str]]) -> None:
    """A row for each test, and the names of the cases that failed."""
    rows: dict[str, Counter] = {}
    at: dict[str, set[str]] = {}
    for name, case in noted.items():
        test = name.partition("[")[0]
        rows.setdefault(test, Counter()).update({case["outcome"]: 1, "seconds": float(case["seconds"])})
        at.setdefault(test, set()).add(f"{case['date']}, {case['commit']}")
    lines = [
        f"| `{test}` | {n['passed']} | {n['failed']} | {n['skipped']} | {n['xfailed']} | {n['seconds'] / 60:.1f} | "
        f"{'; '.join(sorted(at[test]))} |"
        for test, n in sorted(rows.items())
    ]
    failures = [f"- `{name}`" for name, case in noted.items() if case["outcome"] == "failed"]
    shown = ("keras", "numpy", "tensorflow", "torch", "jax")
    versions = ", ".join(
        f"{found['name']} {found['version']}"
        for found in json.loads(printed(sys.executable, "-m", "pip", "list", "--format=json"))
        if found["name"] in shown
    )
    TABLE.write_text(
        HEAD.format(versions=versions) + "\n".join([*lines, *([""] if failures else []), *failures]) + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="processes of pytest")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--anew", action="store_true", help="also what has been run at this commit")
    which.add_argument("--missing", action="store_true", help="not what has been run at another commit")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    ids, now = collected(), commit()
    noted = {} if arguments.anew else {name: case for name, case in kept().items() if name in ids}
    done = {name for name, case in noted.items() if arguments.missing or case["commit"] == now}
    todo = [name for name in ids if name not in done or noted[name]["outcome"] == "failed"]
    for first in range(0, len(todo), SIZE):
        started = time.monotonic()
        noted |= outcomes([ids[name] for name in todo[first : first + SIZE]], arguments.workers)
        keep(noted)
        write_table(noted)
        minutes = (time.monotonic() - started) / 60
        print(f"{min(first + SIZE, len(todo))} of {len(todo)}, the last part in {minutes:.0f} minutes", flush=True)
    sys.exit(any(case["outcome"] == "failed" for case in noted.values()))


if __name__ == "__main__":
    main()
