"""Tests of vesal.training.sources."""
