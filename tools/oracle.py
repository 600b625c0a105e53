"""Write what the oracle says about each activation to `tests/data/oracle`, where the contract reads it.

    python -m tools.oracle [NAME ...] [--all]

Judges the names given, or all whose file is missing or out of date; `--all` judges everything anew. About 2 s a name.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import stored_oracle
import subjects


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="activations; without any, those that are out of date")
    parser.add_argument("--all", action="store_true", help="judge everything anew")
    given = parser.parse_args()
    known = [*subjects.ELEMENTWISE, *subjects.OVER_AXIS]
    for name in given.names or known:
        specs = subjects.specs_of(name)
        if given.names or given.all or any(stored_oracle.kept(spec) is None for spec in specs):
            print(f"Judging {', '.join(specs)}", flush=True)
            stored_oracle.write(name)
    for path in sorted(stored_oracle.FOLDER.glob("*.npz")):
        if path.stem not in known:
            print(f"Removing {path.name}: there is no such activation")
            path.unlink()


if __name__ == "__main__":
    main()
