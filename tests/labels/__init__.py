"""Label maps and the files they are written to."""
