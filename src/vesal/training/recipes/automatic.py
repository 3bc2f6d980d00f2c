"""Automatic segmentation with the encoder of a promptable model (SAM-Med3D, Table 6)."""

from vesal.models.zoo import ZOO
from vesal.training.automatic_recipe import AutomaticRecipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.patches import Patches

MINI = AutomaticRecipe(
    name="auto",
    about="no prompts: vesal-mini's encoder under a light decoder, on a laptop",
    encoder=ZOO["vesal-mini"],
    data=Patches(window=(64, 64, 64), spacing_mm=1.5, batch=2),
    encoder_rate=0.3,
    settings=Settings(
        steps=2_000,
        rate=3e-3,
        weight_decay=1e-2,
        schedule=Schedule(kind="cosine", warmup_steps=50),
        clip_norm=1.0,
        validate_every=200,
    ),
    start="vesal-mini",
)

# The paper says little of this training; these are UNETR's numbers (Hatamizadeh et al., 2022).
SAM_MED3D = AutomaticRecipe(
    name="auto-sam-med3d",
    about="no prompts: SAM-Med3D's encoder in a UNETR",
    encoder=ZOO["sam-med3d"],
    data=Patches(window=(128, 128, 128), spacing_mm=1.5, batch=2),
    encoder_rate=0.1,
    settings=Settings(
        steps=20_000,
        rate=1e-4,
        weight_decay=1e-5,
        schedule=Schedule(kind="cosine", warmup_steps=500),
        clip_norm=1.0,
        precision="bf16-mixed",
        validate_every=500,
    ),
    start="sam-med3d-turbo",
)
