"""Files that are damaged on purpose: what reads them takes them or refuses them, and no more."""
