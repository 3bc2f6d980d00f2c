"""Tests of vesal.checkpoints."""
