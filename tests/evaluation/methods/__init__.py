"""Tests of what can be evaluated."""
