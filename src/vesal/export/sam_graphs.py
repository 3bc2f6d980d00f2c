"""SAM and what came from it, in two halves with the names and rules of SAM's own ONNX decoder.

Rules that clients of that decoder know: points are (x, y) in pixels of the model's square, a box is
two points labelled 2 and 3, and a prompt without a box ends with a point labelled -1, which the
client adds. In 3D there are no such clients: the last point is added here, where none can forget
it, and no mask prompt means a mask of zeros, which is what SAM-Med3D was trained with.
"""

from torch import Tensor, nn

from vesal.export.placing import choose, place
from vesal.models import nd
from vesal.models.promptable import PADDING_LABEL, Decoded
from vesal.models.segmenter import Segmenter
from vesal.models.shapes import (
    AnyFeatures,
    AnyMaskLogits,
    ClickPoints,
    FloatLabels,
    ImageLevel,
    Images,
    MaskFlag,
    PictureSize,
    TokenRow,
)


class SamEncoder(nn.Module):
    """An image to the levels of its embedding."""

    def __init__(self, network: Segmenter) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_image: Images) -> tuple[AnyFeatures, ...]:
        """The embedding, and for SAM-UNet the detail that its decoder adds."""
        return self.network.encode(input_image).levels


class _Prompted(nn.Module):
    """The prompt encoder and the mask decoder, without the image encoder's weights."""

    def __init__(self, network: Segmenter) -> None:
        super().__init__()
        self.config = network.config
        self.prompt_encoder = network.prompt_encoder
        self.mask_decoder = network.mask_decoder
        self.register_buffer("code", network.prompt_encoder.grid_code())

    def forward(
        self,
        levels: tuple[ImageLevel, ...],
        points: ClickPoints,
        labels: FloatLabels,
        dense: AnyFeatures,
    ) -> Decoded:
        """All masks that the head has, for each prompt set; points in array order."""
        sparse: TokenRow = self.prompt_encoder.tokens(points, labels.long(), with_corners=True)
        sets = points.shape[0]
        spread = [level.expand(sets, *level.shape[1:]) for level in levels]
        detail = spread[1] if len(spread) > 1 else None
        code = self.get_buffer("code")
        decoded: Decoded = self.mask_decoder(spread[0] + dense, code, sparse, detail)
        return decoded


class PlaneDecoder(nn.Module):
    """Prompts on a picture to masks of the picture's own size.

    Args:
        network: with two axes.
        single_mask: whether one mask is chosen of the four, by SAM's rule.
    """

    def __init__(self, network: Segmenter, *, single_mask: bool) -> None:
        super().__init__()
        self.config = network.config
        self.prompted = _Prompted(network)
        self.single_mask = single_mask

    def forward(
        self,
        levels: tuple[ImageLevel, ...],
        point_coords: ClickPoints,
        point_labels: FloatLabels,
        mask_input: AnyMaskLogits,
        has_mask_input: MaskFlag,
        orig_im_size: PictureSize,
    ) -> tuple[Tensor, ...]:
        """Masks on the picture, their expected IoU where it was trained, and masks as decoded."""
        encoder = self.prompted.prompt_encoder
        given = has_mask_input.reshape(1, 1, 1, 1)
        dense = given * encoder.dense(mask_input) + (1 - given) * encoder.dense(None)
        decoded = self.prompted(levels, point_coords.flip(-1), point_labels, dense)
        low, scores = decoded.logits, decoded.scores
        if scores is None or not self.config.capabilities.trained_score:
            low = low[:, :1]
            return place(low, orig_im_size, self.config), low
        if self.single_mask:
            low, scores = choose(low, scores, point_labels)
        return place(low, orig_im_size, self.config), scores, low


class VolumeDecoder(nn.Module):
    """Prompts in a cube to its mask; points are array indices, in the order of the axes.

    Only the first mask: no loss touched the other three, nor the scores.
    """

    def __init__(self, network: Segmenter) -> None:
        super().__init__()
        self.config = network.config
        self.prompted = _Prompted(network)

    def forward(
        self,
        levels: tuple[ImageLevel, ...],
        point_coords: ClickPoints,
        point_labels: FloatLabels,
        mask_input: AnyMaskLogits,
        has_mask_input: MaskFlag,
    ) -> tuple[Tensor, ...]:
        """The mask at the cube's resolution, and as decoded, to be given back with the next point.

        The reference adds a point labelled -1 to every prompt without a box, and its weights know
        no boxes.
        """
        points = nn.functional.pad(point_coords, (0, 0, 0, 1))
        labels = nn.functional.pad(point_labels, (0, 1), value=float(PADDING_LABEL))
        dense = self.prompted.prompt_encoder.dense(mask_input * has_mask_input)
        low = self.prompted(levels, points, labels, dense).logits[:, :1]
        return nd.resized(low, (self.config.image_size,) * self.config.ndim), low
