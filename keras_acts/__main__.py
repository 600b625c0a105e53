"""`python -m keras_acts`, and where the script `keras-acts` starts."""

from keras_acts._command import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
