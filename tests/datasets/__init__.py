"""Tests of vesal.datasets."""
