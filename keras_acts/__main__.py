"""The `keras-acts` command, and what it says where its libraries are missing."""

import sys


def main() -> None:
    """Run the command line, or say in one line what to install."""
    try:
        from keras_acts import cli

        cli.app(prog_name="keras-acts")
    except ModuleNotFoundError as error:  # commands import what they need when they run
        missing = (error.name or "keras_acts").partition(".")[0]
        if missing == "keras_acts":  # a mistake of ours, not a missing library
            raise
        sys.exit(f"keras-acts needs {missing}. Install it with, in a clone of the repository: pip install '.[compare]'")


if __name__ == "__main__":
    main()
