"""Tests of vesal.curation.report."""
