"""Tests of vesal.session."""
