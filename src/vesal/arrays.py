"""NumPy shape names, used in every signature that takes or gives an array.

Names with the same axis word inside one signature have the same length there; the
test run checks it. Index-space arrays follow the axes of the file (see `geometry.grid`).
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped, UInt8, UInt16, UInt32, UInt64

Voxels = Shaped[np.ndarray, "*space"]
"""Values on a grid, of any type; a colour raster has a last axis of three."""

Intensities = Float32[np.ndarray, "*space"]
"""Values on a grid as float32."""

MaskArray = Bool[np.ndarray, "*space"]
"""True inside the object."""

Distances = Float32[np.ndarray, "*space"]
"""A distance for each voxel, in mm."""

Resampled = Float32[np.ndarray, "*target"]
"""Values on another grid than the one they came from."""

MovedMask = Bool[np.ndarray, "*target"]
"""A mask on another grid than the one it came from."""

PointsMm = Float64[np.ndarray, "points axis"]
"""Points in world mm, one a row (RAS+ for volumes; x right, y down for 2D rasters)."""

PointsIndex = Float64[np.ndarray, "points axis"]
"""Points in continuous array indices, one a row; index 0 is the centre of the first voxel."""

PointFlags = Bool[np.ndarray, "points"]
"""A yes or no for each point."""

AffineMatrix = Float64[np.ndarray, "rows columns"]
"""A homogeneous matrix, (ndim + 1, ndim + 1)."""

Codes = UInt8[np.ndarray, "*cells"]
"""Which corners of each cell between voxel centres are inside, a bit for each."""

ElementSizes = Float64[np.ndarray, "_"]
"""Sizes of pieces of a border, in mm or mm^2, or a count of something along each axis."""

Lengths = Float64[np.ndarray, "_"]
"""Distances in mm, one for each of some voxels or cells."""

Series = Float64[np.ndarray, "_"]
"""Numbers in a row."""

Counts = Int64[np.ndarray, "_"]
"""How many there are of each of several things."""

Colours = UInt8[np.ndarray, "rows columns 3"]
"""A picture of red, green and blue, 0 to 255."""

PageMask = Bool[np.ndarray, "rows columns"]
"""True inside the object, on a slice as it lies on a page."""

PagePiece = Bool[np.ndarray, "height width"]
"""True inside the object, on a part of a slice, or with larger pixels than the slice has."""

PagePoints = Float64[np.ndarray, "points 2"]
"""Points on a page, (row, column) a row; 0 is the middle of the first pixel."""

PageCorners = Float64[np.ndarray, "corners 2"]
"""Corners of a closed outline on a page, (row, column) a row; 0 is the first pixel's middle."""

PageValues = Float32[np.ndarray, "rows columns"]
"""Values on a slice as it lies on a page."""

PageDistances = Float64[np.ndarray, "rows columns"]
"""A distance for each pixel of a slice, in mm, or what such distances change by."""

Corners = Float64[np.ndarray, "2 axis"]
"""Lowest and highest corner of a box in continuous array or page indices."""

Numbers = Bool[np.ndarray, "*space"] | UInt8[np.ndarray, "*space"] | UInt16[np.ndarray, "*space"]
"""A mask, or the number of the object that each voxel belongs to."""

LabelArray = UInt8[np.ndarray, "*space"] | UInt16[np.ndarray, "*space"]
"""The number of the object that each voxel belongs to, 0 for none."""

PlacedLabels = UInt8[np.ndarray, "*target"] | UInt16[np.ndarray, "*target"]
"""Label numbers on another grid than the one they came from."""

PieceNumbers = UInt32[np.ndarray, "*space"]
"""The number of the connected piece that each voxel belongs to, 0 for none."""

FramedLabels = UInt8[np.ndarray, "*framed"] | UInt16[np.ndarray, "*framed"]
"""A `LabelArray` with a frame of 0 around it."""

VoxelIndices = Int64[np.ndarray, "points axis"]
"""Array indices of voxels, one a row."""

WireVoxels = Shaped[np.ndarray, "slices rows columns"]
"""Values of any type in the order of axes in which nnInteractive's clients send them."""

RowNumbers = Int64[np.ndarray, "_"]
"""Which rows of another array, or which of its values in C order."""

TrainingImages = Float32[np.ndarray, "image channel *space"]
"""Windows of one shape, prepared as a model wants them."""

TrainingTargets = Bool[np.ndarray, "image target *space"] | UInt8[np.ndarray, "image target *space"]
"""What is to be found in each window: masks, or the numbers of classes."""

TurnedVoxels = Shaped[np.ndarray, "*turned"]
"""The same values with their axes in another order."""

ClassLogits = Float32[np.ndarray, "_ ..."]
"""A logit for each class, the background first, at each voxel of a part of a lattice."""

TrainingImage = Float32[np.ndarray, "channel *space"]
"""One window, prepared as a model wants it."""

TrainingMasks = Bool[np.ndarray, "target *space"] | UInt8[np.ndarray, "target *space"]
"""What is to be found in one window: masks, or the numbers of classes."""

EightBits = UInt8[np.ndarray, "*space"]
"""Brightness from 0 to 255; a colour raster has a last axis of three."""

Pages = UInt8[np.ndarray, "pages rows columns *colours"]
"""Slices as they lie on a page, one after the other; colours have a last axis of three."""

PageNumbers = UInt32[np.ndarray, "rows columns"]
"""The number of the connected piece that each pixel of a slice belongs to, 0 for none."""

MemberIndex = UInt64[np.ndarray, "2 members"]
"""Of each member of an archive a checksum of its name, and the place of its record."""
