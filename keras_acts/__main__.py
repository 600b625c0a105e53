"""The `keras-acts` command, and what it says where its libraries are missing."""

import sys


def main() -> None:
    """Run the command line, or say in one line what to install."""
    try:
        from keras_acts import cli
    except ModuleNotFoundError as error:
        sys.exit(f"keras-acts needs {error.name}. Install it with: pip install 'keras_acts[compare]'")
    cli.app()


if __name__ == "__main__":
    main()
