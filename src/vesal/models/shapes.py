"""Names for the shapes of torch tensors; ``*space`` is one, two or three axes, in array order."""

from jaxtyping import Float, Int
from torch import Tensor

Images = Float[Tensor, "batch channel *space"]
Features = Float[Tensor, "batch channel *space"]
MaskLogits = Float[Tensor, "batch 1 *space"]
ClickPoints = Float[Tensor, "batch click axis"]
ClickLabels = Int[Tensor, "batch click"]
