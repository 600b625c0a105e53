"""What is tried: data split by seed, networks, and the functions of a user's own."""
