"""Scripts that write the committed tables; each says in its first lines what it writes."""
