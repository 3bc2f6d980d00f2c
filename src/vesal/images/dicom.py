"""One DICOM series, a folder of single-frame files or one file, to an image.

pydicom reads the headers and says where slices lie; SimpleITK decodes the pixels (JPEG
2000 too) and applies each slice's own rescale. LPS becomes RAS+ here.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from vesal.arrays import AffineMatrix, Voxels
from vesal.errors import GeometryError, ImageError
from vesal.geometry.frames import lps_to_ras, transposed
from vesal.geometry.grid import Grid
from vesal.images.source import Decoded, Source
