"""Tests of vesal.images."""
