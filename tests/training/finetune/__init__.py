"""Tests of vesal.training.finetune."""
