"""Tests of the arithmetic in benchmarks/."""
