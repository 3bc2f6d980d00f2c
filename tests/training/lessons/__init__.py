"""Tests of vesal.training.lessons."""
