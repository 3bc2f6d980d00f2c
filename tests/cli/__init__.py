"""Tests of vesal.cli."""
