"""Tests of vesal.images.dicom."""
