"""DICOM series, multi-frame objects and pictures, to images."""

from vesal.images.dicom.choose import Listed, candidates
from vesal.images.dicom.collect import looks_like_zip
from vesal.images.dicom.header import looks_like_dicom
from vesal.images.dicom.read import list_dicom, read_dicom

__all__ = ["Listed", "candidates", "list_dicom", "looks_like_dicom", "looks_like_zip", "read_dicom"]
