"""Tests of vesal.evaluation.methods."""
