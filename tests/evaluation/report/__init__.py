"""Tests of vesal.evaluation."""
