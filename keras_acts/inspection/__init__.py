"""Work on a user's model: what in it will not come back from a file."""
