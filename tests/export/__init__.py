"""Tests of vesal.export."""
