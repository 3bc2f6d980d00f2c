"""How a slice lies in a model's square, against what the references gave."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.transform import resize

from tests.goldens import arrays, record
from vesal.inference.fit import (
    Fit,
    bicubic,
    fit_of,
    longest_fit,
    nearest,
    padded_fit,
    smooth,
    square_of,
    stretched_fit,
)
from vesal.inference.habits import HABITS

SAM, MED2D, UNET = (
    arrays("sam/preprocess"),
    arrays("sam_med2d/preprocess"),
    arrays("sam_unet/preprocess"),
)
SAM_RECORD: dict[str, Any] = record("sam/preprocess")
MED2D_RECORD: dict[str, Any] = record("sam_med2d/preprocess")


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    """A picture of random colours, as the golden files made theirs."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def wide_noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    """The same drawn as 64-bit numbers, which gives other colours: SAM-UNet's golden files."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", SAM_RECORD["preprocess_shape"])
def test_the_longest_side_fills_the_square(size: str) -> None:
    """SAM's rounding, for twelve shapes."""
    rows, columns = (int(n) for n in size.split("x"))
    assert list(longest_fit((rows, columns), 1024).inner) == SAM_RECORD["preprocess_shape"][size]


def test_a_thread_of_pixels_keeps_one_pixel() -> None:
    """SAM-UNet's rounding would leave none."""
    assert longest_fit((1, 1999), 256).inner == (1, 256)


@pytest.mark.parametrize(
    ("golden", "fit"),
    [(SAM_RECORD, longest_fit((300, 200), 1024)), (MED2D_RECORD, stretched_fit((300, 200), 256))],
)
def test_points_are_scaled_as_the_references_do(golden: dict[str, Any], fit: Fit) -> None:
    """Index times the ratio of the sides, no half pixel; theirs are (x, y)."""
    given_xy, wanted_xy = (np.array(golden["apply_coords"][key]) for key in ("coords", "out"))
    assert fit.to_square(given_xy[:, ::-1])[:, ::-1] == pytest.approx(wanted_xy)


@pytest.mark.parametrize("size", ["100x100", "155x225", "255x255", "1x1", "200x255"])
def test_a_small_slice_is_centred(size: str) -> None:
    """First and last row and column of SAM-Med2D's padding; points move along."""
    rows, columns = (int(n) for n in size.split("x"))
    fit = padded_fit((rows, columns), 256)
    ends = fit.to_square(np.array([[0.0, 0.0], [rows - 1.0, columns - 1.0]]))
    assert ends.T.ravel().tolist() == MED2D_RECORD[f"pad_{size}"]


def test_a_slice_with_a_long_side_is_stretched() -> None:
    """The rule of SAM-Med2D's loader: both sides must be shorter."""
    assert padded_fit((100, 256), 256) == stretched_fit((100, 256), 256)


@pytest.mark.parametrize(
    ("picture", "shape", "golden", "steps"),
    [
        (SAM["small_rgb_37x53"], (45, 64), SAM["small_37x53_to_longest64"], 1),
        (noise(0, 300, 200), (64, 43), SAM["rgb_300x200_to_longest64"], 1),
        (noise(0, 300, 200), (1024, 683), SAM["rgb_300x200_to_longest1024__::32_::32"], 32),
        (wide_noise(4, 300, 500), (154, 256), UNET["resized_300x500"], 2),
        (wide_noise(5, 40, 60), (171, 256), UNET["resized_40x60"], 2),
    ],
)
def test_the_smooth_resize_is_the_references(
    picture: NDArray[np.uint8], shape: tuple[int, int], golden: NDArray[np.uint8], steps: int
) -> None:
    """SAM's and SAM-UNet's, up and down, to the bit."""
    assert np.array_equal(smooth(picture, shape)[::steps, ::steps], golden)


@pytest.mark.parametrize("count", [37, 53, 155, 181, 200, 225, 258, 290, 300, 320, 512, 1000])
def test_the_nearest_resize_picks_the_references_pixels(count: int) -> None:
    """OpenCV's table of source pixels, both ways."""
    ramp = np.arange(count, dtype=np.int64)
    picture = np.stack([ramp % 256, ramp // 256, ramp * 0], axis=-1).astype(np.uint8)
    for turned in (picture[None], picture[:, None]):
        shape = (1, 256) if turned.shape[0] == 1 else (256, 1)
        found = nearest(turned, shape).reshape(256, 3).astype(int)
        assert np.array_equal(
            found[:, 0] + 256 * found[:, 1], MED2D[f"nearest_src_index_{count}_to_256"]
        )


@pytest.mark.parametrize("shape", [(64, 64), (200, 210), (90, 40)])
def test_the_cubic_resize_is_that_of_scikit_image(shape: tuple[int, int]) -> None:
    """Which MedSAM's preprocessing calls; up, down and mixed, to the bit."""
    picture = noise(1, 90, 120)
    wanted = resize(  # type: ignore[no-untyped-call]
        picture, shape, order=3, preserve_range=True, anti_aliasing=True
    )
    assert np.array_equal(bicubic(picture, shape), wanted.astype(np.uint8))


def test_sam_sees_the_square_of_its_reference() -> None:
    """Resized, scaled, empty at the right and below."""
    square = square_of(noise(0, 300, 200), longest_fit((300, 200), 1024), HABITS["sam"])
    golden = SAM_RECORD["preprocess_300x200"]
    assert square.ravel()[golden["idx"]] == pytest.approx(np.array(golden["val"]), abs=1e-5)


def test_sam_unet_sees_the_square_of_its_reference() -> None:
    """The same at 256."""
    square = square_of(wide_noise(4, 300, 500), longest_fit((300, 500), 256), HABITS["sam-unet"])
    assert square[:, ::8, ::8] == pytest.approx(UNET["normalized_padded_s8"], abs=1e-5)


def test_sam_med2d_sees_the_square_of_its_reference() -> None:
    """Stretched as its predictor does, and centred as its loader does."""
    picture = MED2D["small_rgb_37x53"]
    square = square_of(picture, stretched_fit((37, 53), 256), HABITS["sam-med2d"])
    assert square[:, ::8, ::8] == pytest.approx(
        MED2D["small_predictor_tensor__:_::8_::8"], abs=1e-5
    )
    square = square_of(picture, padded_fit((37, 53), 256), HABITS["sam-med2d"])
    assert square[:, 100:150:3, 90:165:5] == pytest.approx(
        MED2D["small_padded_tensor__:_100:150:3_90:165:5"], abs=1e-5
    )


def test_medsam_sees_each_picture_from_zero_to_one() -> None:
    """All of the square filled; a picture of one value is 0 and no division by zero."""
    square = square_of(noise(2, 30, 50), stretched_fit((30, 50), 64), HABITS["medsam"])
    assert (square.min(), square.max()) == (0, 1)
    flat = np.full((30, 50, 3), 9, np.uint8)
    assert not square_of(flat, stretched_fit((30, 50), 64), HABITS["medsam"]).any()


@pytest.mark.parametrize("size", ["155x225", "300x200", "100x300", "181x258"])
def test_logits_come_back_as_in_sam_med2ds_evaluation(size: str) -> None:
    """Cut to the centre where the slice was small, else stretched."""
    rows, columns = (int(n) for n in size.split("x"))
    coarse = arrays("sam_med2d/decoder")["point1__lowres_single"][0, 0]
    back = padded_fit((rows, columns), 256).from_square(coarse)
    golden = arrays("sam_med2d/predictor")[f"postprocess_test_{size}__::7_::5"][0, 0]
    assert back.shape == (rows, columns)
    assert back[::7, ::5] == pytest.approx(golden, abs=1e-4)


@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 90),
    family=st.sampled_from(sorted(HABITS)),
)
def test_every_shape_fits_and_comes_back(rows: int, columns: int, family: str) -> None:
    """What is the same everywhere in the square is so on the slice."""
    fit = fit_of(HABITS[family], (rows, columns), 48)
    square = square_of(noise(3, rows, columns), fit, HABITS[family])
    assert square.shape == (3, 48, 48)
    back = fit.from_square(np.full((12, 12), 2.5, np.float32))
    assert back.shape == (rows, columns)
    assert back == pytest.approx(2.5)
    assert fit.stretched(np.zeros((12, 12), np.float32)).shape == (rows, columns)


@pytest.mark.parametrize("family", sorted(HABITS))
@pytest.mark.parametrize("shape", [(60, 80), (300, 200), (100, 300)])
def test_a_mask_goes_to_the_models_grid_and_comes_back(family: str, shape: tuple[int, int]) -> None:
    """A disc that the model can see stays where it is; nothing is inside where no slice is."""
    fit = fit_of(HABITS[family], shape, 256)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    disc = np.hypot(rows - 0.4 * shape[0], columns - 0.7 * shape[1]) < 0.2 * min(shape)
    told = fit.to_masks(disc, 64)
    assert told.shape == (64, 64)
    assert (told.min(), told.max()) == (0, 1)
    back = fit.from_square(12 * told - 6) > 0
    cell = max(fit.size / 64 * n / m for n, m in zip(shape, fit.inner, strict=True))  # pixels
    assert (back != disc).sum() < 2 * np.pi * 0.2 * min(shape) * cell
    total = told.sum() * 16 * np.prod(shape) / np.prod(fit.inner)
    assert total == pytest.approx(disc.sum(), rel=0.1)
