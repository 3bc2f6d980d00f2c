"""Tests of vesal.curation."""
