"""Segments a picture or a volume with a model that `vesal export` wrote.

Needs onnxruntime and NumPy, nothing of vesal or torch; Pillow to read a picture, nibabel for NIfTI.

    python onnx_segment.py onnx/sam-med2d cells.png --point 120,85 -o cell.npy
    python onnx_segment.py onnx/sam-vit-b photo.jpg --box 40,60,180,200 -o thing.npy
    python onnx_segment.py onnx/sam-med3d-turbo ct.nii.gz --point 12,-40,33 -o liver.nii.gz

The first argument is what the two files have in common, without `-encoder.onnx`. Points of a
picture are x,y in pixels; of a volume, millimetres in the world of the scan (RAS+). The voxels of a
.npy file are `--spacing` mm apart, the first one at 0; a picture may be grey or have three colours.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[Any]
Clicks = list[tuple[Array, int]]
"""A place, and 1 inside or 0 outside."""

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
CUBE_MM = 1.5  # SAM-Med3D: voxels of its cube
PART = 6  # vesal-mini: its window shows a sixth of the second longest side
OUTSIDE = -20.0  # logit where nothing was looked at


class Model:
    """The two files; what they are is in their metadata."""

    def __init__(self, stem: str) -> None:
        self.encoder = onnxruntime.InferenceSession(f"{stem}-encoder.onnx")
        self.decoder = onnxruntime.InferenceSession(f"{stem}-decoder.onnx")
        facts = self.decoder.get_modelmeta().custom_metadata_map
        self.family = facts["vesal.family"]
        self.config = json.loads(facts["vesal.config"])

    def encode(self, image: Array) -> dict[str, Array]:
        """What the decoder needs of an image, by name."""
        names = [output.name for output in self.encoder.get_outputs()]
        given = {"input_image": image[None].astype(np.float32)}
        return dict(zip(names, self.encoder.run(names, given), strict=True))

    def decode(
        self,
        embedding: dict[str, Array],
        points: Sequence[Array],
        labels: Sequence[int],
        *,
        previous: Array | None = None,
        size: Sequence[int] | None = None,
    ) -> dict[str, Array]:
        """The decoder's outputs by name, for one prompt set."""
        mask = previous
        if mask is None:
            (shape,) = [i.shape for i in self.decoder.get_inputs() if i.name == "mask_input"]
            mask = np.zeros((1, 1, *shape[2:]), np.float32)
        given = dict(
            embedding,
            point_coords=np.array([points], np.float32),
            point_labels=np.array([labels], np.float32),
            mask_input=mask,
            has_mask_input=np.array([previous is not None], np.float32),
        )
        if size is not None:
            given["orig_im_size"] = np.array(size, np.float32)
        names = [output.name for output in self.decoder.get_outputs()]
        return dict(zip(names, self.decoder.run(names, given), strict=True))


# Pictures ---------------------------------------------------------------------------------------


def smooth(picture: Array, shape: Sequence[int]) -> Array:
    """Another size by a triangle filter, which averages where it reduces (Pillow's BILINEAR)."""
    values = picture.astype(np.float64)
    for axis in (1, 0):  # Pillow goes along the rows first, and rounds in between
        old, new = values.shape[axis], shape[axis]
        scale = old / new
        distance = (np.arange(old) + 0.5) - (np.arange(new)[:, None] + 0.5) * scale
        weights = np.maximum(0, 1 - np.abs(distance) / max(scale, 1.0))
        weights /= weights.sum(axis=1, keepdims=True)
        values = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
        values = np.floor(np.clip(values, 0, 255) + 0.5)
    return values.astype(np.uint8)


def nearest(picture: Array, shape: Sequence[int]) -> Array:
    """Another size by the pixel that an index falls into (OpenCV's rule)."""
    rows, columns = (np.arange(n) * old // n for n, old in zip(shape, picture.shape, strict=False))
    return picture[rows[:, None], columns]


def square(picture: Array, family: str, size: int) -> tuple[Array, Sequence[int]]:
    """The model's input (3, size, size), and (rows, columns) that the picture fills of it."""
    if family == "medsam":
        raise SystemExit("MedSAM's cubic resizing is not written here: use `vesal segment`")
    filled = [size, size]
    if family in ("sam", "sam-unet"):  # the longest side fills the square, the aspect stays
        scale = size / max(picture.shape[:2])
        filled = [max(1, int(n * scale + 0.5)) for n in picture.shape[:2]]
        resized = smooth(picture, filled)
    else:
        resized = nearest(picture, filled)
    image = np.zeros((3, size, size), np.float32)
    scaled = (resized.astype(np.float32) - MEAN) / DEVIATION
    image[:, : filled[0], : filled[1]] = scaled.transpose(2, 0, 1)
    return image, filled


def segment_picture(
    model: Model, picture: Array, clicks: Clicks, box: Sequence[float] | None
) -> Array:
    """Logits on the picture, for all clicks and the box at once."""
    image, filled = square(picture, model.family, model.config["image_size"])
    ratio = np.array([filled[1] / picture.shape[1], filled[0] / picture.shape[0]])  # x, y
    points = [point * ratio for point, _ in clicks]
    labels = [label for _, label in clicks]
    if box is None:
        points, labels = [*points, np.zeros(2)], [*labels, -1]
    else:
        points = [*points, np.array(box[:2]) * ratio, np.array(box[2:]) * ratio]
        labels = [*labels, 2, 3]
    answer = model.decode(model.encode(image), points, labels, size=picture.shape[:2])
    masks = answer["masks"][0]
    alone = len(clicks) == 1 and box is None
    if len(masks) == 1 or (model.family == "sam" and not alone):
        return masks[0]
    return masks[1 + answer["iou_predictions"][0, 1:].argmax()]  # three readings of one click


# Volumes ----------------------------------------------------------------------------------------


def sampled(values: Array, positions: Sequence[Array], fill: float) -> Array:
    """Linear interpolation at places along each axis; ``fill`` more than half a voxel outside."""
    out = values.astype(np.float32)
    for axis, place in enumerate(positions):
        n = out.shape[axis]
        inside = np.clip(place, 0, n - 1)
        low = np.minimum(np.floor(inside).astype(int), max(n - 2, 0))
        shape = [-1 if i == axis else 1 for i in range(out.ndim)]
        weight = (inside - low).astype(np.float32).reshape(shape)
        high = np.minimum(low + 1, n - 1)
        out = out.take(low, axis) * (1 - weight) + out.take(high, axis) * weight
    for axis, place in enumerate(positions):
        beyond = (place < -0.5) | (place > values.shape[axis] - 0.5)
        out[(slice(None),) * axis + (beyond,)] = fill
    return out


def positive_zscore(cube: Array) -> Array:
    """SAM-Med3D: less the mean, over the deviation, both of the voxels above 0."""
    above = cube[cube > 0].astype(np.float64)
    return ((cube - above.mean()) / above.std(ddof=1)).astype(np.float32)[None]


def linear_and_rank(window: Array) -> Array:
    """vesal-mini: intensity within its range, and its rank in the window, both -1 to 1."""
    flat = window.reshape(-1)
    sample = flat[:: max(1, flat.size // 20_000)]
    low, high = np.percentile(sample, [0.5, 99.5])
    linear = np.clip((window - low) * np.float32(2 / (high - low)) - 1, -1, 1)
    levels, first = np.unique(np.quantile(sample, np.linspace(0, 1, 129)), return_index=True)
    last = np.append(first[1:], 129) - 1  # equal values share their middle rank
    return np.stack([linear, np.interp(window, levels, (first + last) / 128 - 1)])


def segment_volume(model: Model, volume: Array, spacing: Array, clicks: Clicks) -> Array:
    """Logits on the volume, click by click; ``clicks`` are array indices.

    One window of cubic voxels around the first click. vesal itself goes on with vesal-mini: it
    looks wider or closer until the object fills the window, so that its masks can be much larger.
    """
    whole = np.array(volume.shape)
    if model.family == "sam-med3d":
        size, voxel, prepare = model.config["image_size"], CUBE_MM, positive_zscore
    else:
        size, prepare = model.config["window"], linear_and_rank
        voxel = np.sort(whole * spacing)[-2] / PART / size
    step = voxel / spacing  # a voxel of the window in voxels of the volume
    index = [(point + 0.5) / step - 0.5 for point, _ in clicks]
    start = np.round(index[0]) - size // 2
    places = [(s + np.arange(size) + 0.5) * d - 0.5 for s, d in zip(start, step, strict=True)]
    embedding = model.encode(prepare(sampled(volume, places, 0)).reshape(-1, size, size, size))
    newest_alone = model.family == "sam-med3d"  # as it was trained, with its last logits
    previous = None
    for told in range(1, len(clicks) + 1):
        chosen = range(told - 1, told) if newest_alone else range(told)
        points = [index[i] - start for i in chosen]
        labels = [clicks[i][1] for i in chosen]
        answer = model.decode(embedding, points, labels, previous=previous)
        previous = answer.get("low_res_masks", answer["masks"])
    back = [(np.arange(n) + 0.5) / d - 0.5 - s for n, d, s in zip(whole, step, start, strict=True)]
    return sampled(answer["masks"][0, 0], back, OUTSIDE)


# Files and words --------------------------------------------------------------------------------


def read(path: Path, spacing: Sequence[float]) -> tuple[Array, Array]:
    """The array, and the affine that takes its indices to millimetres."""
    if path.suffix == ".npy":
        return np.load(path), np.diag([*spacing, 1.0])
    if path.name.endswith((".nii", ".nii.gz")):
        import nibabel

        scan = nibabel.as_closest_canonical(nibabel.load(path))  # axes to right, front, head
        return np.asarray(scan.dataobj), scan.affine
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB")), np.eye(4)


def write(path: Path, mask: Array, affine: Array) -> None:
    """The mask as .npy or NIfTI."""
    if path.suffix == ".npy":
        np.save(path, mask)
        return
    import nibabel

    nibabel.save(nibabel.Nifti1Image(mask.astype(np.uint8), affine), path)


def numbers(text: str) -> list[float]:
    """Numbers with commas between them."""
    return [float(word) for word in text.split(",")]


def main() -> None:
    """Read, segment, write, and say how large the mask is."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="the two files without -encoder.onnx and -decoder.onnx")
    parser.add_argument("image", type=Path)
    parser.add_argument("--point", type=numbers, action="append", default=[])
    parser.add_argument("--negative", type=numbers, action="append", default=[])
    parser.add_argument("--box", type=numbers, help="two corners of a box, pictures only")
    parser.add_argument("--spacing", type=numbers, default=[1.0, 1.0, 1.0], help="mm, of .npy")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    for half in ("encoder", "decoder"):
        if not Path(f"{given.model}-{half}.onnx").is_file():
            parser.error(f"{given.model}-{half}.onnx is missing: `vesal export` writes it")
    model = Model(given.model)
    array, affine = read(given.image, given.spacing)
    clicks = [(np.array(p), 1) for p in given.point] + [(np.array(p), 0) for p in given.negative]
    if model.config["ndim"] == 2:
        picture = array if array.ndim == 3 else np.stack([array] * 3, axis=-1)
        logits = segment_picture(model, picture, clicks, given.box)
    else:
        to_index = np.linalg.inv(affine)
        found = [((to_index @ [*point, 1.0])[:3], label) for point, label in clicks]
        for (point, _), (place, _) in zip(clicks, found, strict=True):
            if not np.all((place >= -0.5) & (place <= np.array(array.shape) - 0.5)):
                parser.error(f"the point {point} lies outside the volume: give one inside, in mm")
        logits = segment_volume(model, array, np.linalg.norm(affine[:3, :3], axis=0), found)
    write(given.output, logits > 0, affine)
    print(f"{int((logits > 0).sum())} voxels inside, of {logits.size}")


if __name__ == "__main__":
    main()
