"""Tests of vesal.prompts."""
