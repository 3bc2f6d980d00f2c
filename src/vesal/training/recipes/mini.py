"""vesal-mini, first version: what two CPU cores without bfloat16 learn in an afternoon."""

from vesal.models.unet_config import PromptableUNetConfig
from vesal.training.lessons.mini import Clicks
from vesal.training.recipe import Recipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.windows import Windows

RECIPE = Recipe(
    name="mini",
    about="our own small network, from scans that packages carry",
    model=PromptableUNetConfig(),
    seed=20261124,
    lesson=Clicks(rounds=(1, 2, 2, 3, 4), hint_share=0.25),
    data=Windows(
        volume_windows=2,
        volume_side=48,
        slice_windows=6,
        slice_side=96,
        slice_every=5,
        targets=4,
        synthetic_volumes=80,
        synthetic_side=80,
        synthetic_share=0.25,
        often=(
            ("ts-dicom", 3.0),  # the only scan with many organs
            ("icbm", 0.5),  # cortical parcels have no visible border
            ("inia19", 0.3),
            ("sd-2d", 0.5),
        ),
    ),
    settings=Settings(
        steps=8_500,
        rate=1e-3,
        schedule=Schedule(kind="linear", warmup_steps=200, fall_share=0.5),
        weight_decay=1e-4,
        clip_norm=1.0,
        averaging=0.998,
        validate_every=500,
        save_every_s=180.0,
    ),
)
