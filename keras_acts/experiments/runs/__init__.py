"""Training: one run, many runs in worker processes, and the file that keeps what is finished."""
