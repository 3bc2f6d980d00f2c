"""Tests, mirroring src/vesal file by file."""
