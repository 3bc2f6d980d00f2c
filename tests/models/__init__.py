"""Tests of vesal.models."""
