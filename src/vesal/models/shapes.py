"""Names for the shapes of torch tensors; ``*window`` is one, two or three axes, in array order.

Names with the same axis word inside one signature have the same length there. What a layer makes
smaller or gives other channels therefore has a name of its own.
"""

from jaxtyping import Float, Int
from torch import Tensor

Images = Float[Tensor, "batch image_channel *window"]
Features = Float[Tensor, "batch channel *window"]

AnyFeatures = Float[Tensor, "batch _ ..."]
"""Channels on some grid of their own, be it coarser, a slab, or folded."""

MaskLogits = Float[Tensor, "batch 1 *window"]
AnyMaskLogits = Float[Tensor, "batch 1 ..."]

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
