"""Tests of vesal.inference."""
