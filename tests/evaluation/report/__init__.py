"""Tests of vesal.evaluation.report."""
