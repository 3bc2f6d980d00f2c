"""Names for the shapes of torch tensors; ``*window`` is one, two or three axes, in array order.

Names with the same axis word inside one signature have the same length there. What a layer makes
smaller or gives other channels therefore has a name of its own.
"""

from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

Images = Float[Tensor, "batch image_channel *window"]
Features = Float[Tensor, "batch channel *window"]

AnyFeatures = Float[Tensor, "batch _ ..."]
"""Channels on some grid of their own, be it coarser, a slab, or folded."""

MaskLogits = Float[Tensor, "batch 1 *window"]
AnyMaskLogits = Float[Tensor, "batch 1 ..."]

Tokens = Float[Tensor, "batch ... _"]
"""Channels last, on a grid or in a row."""

TokenRow = Float[Tensor, "batch _ width"]
"""Tokens in a row."""

RowCode = Float[Tensor, "1 _ width"]
"""The code of each place of a row, the same for the whole batch."""

GridCode = Float[Tensor, "1 _ ..."]
"""The code of each place of a grid."""

Coordinates = Float[Tensor, "... axis"]
"""Places in [0, 1] along each axis."""

Codes = Float[Tensor, "... _"]
"""A vector for each place."""

Heads = Float[Tensor, "batch head _ _"]
"""Queries, keys or values of each head, in a row."""

TokenHeads = Float[Tensor, "head _"]
"""A token's channels, split into heads."""

WindowHeads = Float[Tensor, "_ head ..."]
"""Something of each head on the grids of windows, of which an image has several."""

GridHeads = Float[Tensor, "batch head ..."]
"""Something of each head on a window's grid, or for each pair of places."""

Kernel = Float[Tensor, "_ _ *kernel"]
"""The weights of a convolution."""

AnyKernel = Float[Tensor, "_ _ ..."]
"""The weights of a linear layer or a convolution, of any size."""

Table = Float[Tensor, "_ _"]
"""Learned vectors, one a row."""

TableRows = Float[Tensor, "query key _"]
"""The row of a table that belongs to each pair of places along one axis."""

MasksLogits = Float[Tensor, "batch mask ..."]
"""Several masks for each prompt set."""

MaskScores = Float[Tensor, "batch mask"]

PreviousLogits = Float[Tensor, "batch 1 ..."]

BoxCorners = Float[Tensor, "batch 2 axis"]
"""Lowest and highest corner of each box."""

ClickPoints = Float[Tensor, "batch click axis"]
ClickLabels = Int[Tensor, "batch click"]
ClickValues = Float[Tensor, "batch click _"]
"""What is found at each click: its channels."""

AxisTerm = Float[Tensor, "batch _"]
"""A value for each index along one axis."""

Scalar = Float[Tensor, ""]

TargetScores = Float[Tensor, "batch 1"]
"""The IoU that is expected of the one mask of each target."""

TargetSums = Float[Tensor, "_"]
"""A sum for each target, or one for all of them."""

ImageLevel = Float[Tensor, "image _ ..."]
"""A level of the embedding of one image, of which several prompt sets may be asked."""

FloatLabels = Float[Tensor, "batch click"]
"""Labels of clicks as ONNX decoders take them: 1, 0, -1, and 2 and 3 for a box's corners."""

ClickDistances = Float[Tensor, "batch _ ..."]
"""For each click something at every voxel: batch, channel, click, space."""

MaskFlag = Float[Tensor, "1"]
"""1 where a mask prompt counts, else 0."""

PictureSize = Float[Tensor, "2"]
"""Rows and columns."""

TargetMasks = Float[Tensor, "image target ..."] | Integer[Tensor, "image target ..."]
"""What is to be found in each image of a training batch: 0 or 1, or numbers of classes."""

TargetRegions = Bool[Tensor, "batch *window"]
"""Where each target is, or where it was found."""
