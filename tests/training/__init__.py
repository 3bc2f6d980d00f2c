"""Tests of vesal.training."""
