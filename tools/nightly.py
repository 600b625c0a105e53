"""The nightly tests in parts of some minutes, and what came of them in benchmarks/results/nightly.md.

python -m tools.nightly              # the parts that have not been run at this commit yet
python -m tools.nightly --anew       # all of them

Each part is noted in build/nightly at once, so that an interrupted run goes on there.
"""

import argparse
import datetime
import json
import subprocess
import sys
import time
from collections import Counter
from xml.etree import ElementTree

from tools.versions import ROOT, commit, printed, run

FOLDER = ROOT / "build" / "nightly"
TABLE = ROOT / "benchmarks" / "results" / "nightly.md"
SIZE = 100  # tests of one part
PYTEST = (sys.executable, "-m", "pytest", "-q")
HEAD = """# Nightly

Each test of `make nightly`, with how many of its cases passed. The versions are those of `{versions}`.

| Test | Passed | Failed | Skipped | Expected failures | Minutes of one core | Date | Commit |
|---|---|---|---|---|---|---|---|
"""


def collected() -> list[str]:
    """The ids of all nightly tests, in order."""
    done = subprocess.run(
        [*PYTEST, "--collect-only", "-m", "nightly"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def outcome(test: ElementTree.Element) -> str:
    """Of one test in pytest's report: passed, failed, skipped or xfailed."""
    if {"failure", "error"} & {part.tag for part in test}:
        return "failed"
    skip = test.find("skipped")
    return "passed" if skip is None else "xfailed" if skip.get("type") == "pytest.xfail" else "skipped"


def record(number: int, ids: list[str], workers: int) -> dict:
    """What happened to each test of a part."""
    listed, report = FOLDER / f"{number}.txt", FOLDER / f"{number}.xml"
    listed.write_text("\n".join(ids))
    report.unlink(missing_ok=True)
    run(
        *PYTEST,
        "-m",
        "nightly",
        "--tb=short",
        "-n",
        str(workers),
        "--dist",
        "worksteal",
        f"--junitxml={report}",
        f"@{listed}",
    )
    tests = [
        (f"{test.get('classname')}.{test.get('name')}", outcome(test), float(test.get("time")))
        for test in ElementTree.parse(report).iter("testcase")
    ]
    return {"date": str(datetime.date.today()), "commit": commit(), "ids": ids, "tests": tests}


def write_table(records: list[dict]) -> None:
    """A row for each test, and the names of the cases that failed."""
    rows: dict[str, Counter] = {}
    at: dict[str, tuple[str, str]] = {}
    for each in records:
        for name, result, seconds in each["tests"]:
            test = name.partition("[")[0]
            rows.setdefault(test, Counter()).update({result: 1, "seconds": seconds})
            at[test] = each["date"], each["commit"]
    lines = [
        f"| `{test}` | {n['passed']} | {n['failed']} | {n['skipped']} | {n['xfailed']} | {n['seconds'] / 60:.1f} | "
        f"{' | '.join(at[test])} |"
        for test, n in sorted(rows.items())
    ]
    failures = [f"- `{name}`" for each in records for name, result, _ in each["tests"] if result == "failed"]
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
    parser.add_argument("--anew", action="store_true", help="also what has been run at this commit")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    ids, records, now = collected(), [], commit()
    for number, first in enumerate(range(0, len(ids), SIZE)):
        kept, part = FOLDER / f"{number}.json", ids[first : first + SIZE]
        before = json.loads(kept.read_text()) if kept.exists() else {}
        if arguments.anew or before.get("commit") != now or before.get("ids") != part:
            started = time.monotonic()
            before = record(number, part, arguments.workers)
            kept.write_text(json.dumps(before))
            print(
                f"part {number + 1}: {len(part)} tests in {(time.monotonic() - started) / 60:.0f} minutes", flush=True
            )
        records.append(before)
        write_table(records)
    sys.exit(any(result == "failed" for each in records for _, result, _ in each["tests"]))


if __name__ == "__main__":
    main()
