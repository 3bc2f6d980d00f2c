"""Tests of vesal.geometry."""
