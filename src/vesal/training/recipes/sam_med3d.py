"""SAM-Med3D, from scratch on SA-Med3D-140K, in two stages (Wang et al. 2023, supplement).

Where the paper and its `train.py` differ, the paper is followed, and what the code has is said.
"""

from vesal.models.zoo import PUBLISHED
from vesal.training.lessons.sam_med3d import SamMed3D
from vesal.training.recipe import Recipe
from vesal.training.schedule import Schedule
from vesal.training.settings import Settings
from vesal.training.sources.cubes import Cubes
from vesal.training.sources.pairs import Pairs

# From random weights: in the paper's preliminary study (table 2) 45.2 Dice overall, against 43.8
# both for adapters and for SAM's weights brought to 3D.
MODEL = PUBLISHED["sam-med3d"]

# 11 interactions are the code's; so is the newest click alone. The paper says "averaged Dice and
# CE"; the code sums over interactions, and a rate of 8e-4 belongs to that sum.
LESSON = SamMed3D()

BATCH = 12
"""Cubes that all processes together learn from before the gradients of the next are added: the
paper's total on two A100; the code's default is 12 for each GPU."""

# "Adam" with a weight decay in the paper, AdamW on all parameters in the code.
_OPTIMISER = "adamw"
_RATE = 8e-4
_WEIGHT_DECAY = 0.1
_ACCUMULATE = 20  # batches; the code's first step takes 21, and the tail of an epoch is thrown away
_GAMMA = 0.1
_PRECISION = "bf16-mixed"  # float16 in the code, which needs a GPU and a scaler

STAGE_1 = Settings(
    epochs=800.0,
    optimiser=_OPTIMISER,
    rate=_RATE,
    weight_decay=_WEIGHT_DECAY,
    # Four times 200 epochs; the rate falls after 120, 160 and 190 of them. 120 and 180 in the code.
    schedule=Schedule(kind="steps", cycles=4, milestones=(0.6, 0.8, 0.95), gamma=_GAMMA),
    accumulate=_ACCUMULATE,
    precision=_PRECISION,
)
"""On all 131,000 masks of the training set."""

STAGE_2 = Settings(
    epochs=200.0,
    optimiser=_OPTIMISER,
    rate=_RATE,
    weight_decay=_WEIGHT_DECAY,
    schedule=Schedule(kind="steps", milestones=(0.6, 0.8, 0.95), gamma=_GAMMA),
    accumulate=_ACCUMULATE,
    precision=_PRECISION,
)
"""On the 75,000 masks of the 44 better sets, from the weights of the first stage."""

FINE_TUNING = Settings(
    epochs=200.0,
    optimiser=_OPTIMISER,
    rate=8e-5,  # the repository's scripts for one's own data
    weight_decay=_WEIGHT_DECAY,
    schedule=Schedule(kind="steps", milestones=(0.6, 0.9), gamma=_GAMMA),  # 120 and 180 epochs
    accumulate=_ACCUMULATE,
    precision=_PRECISION,
)
"""From published weights; 2 cubes a batch on one GPU there, 6 on each of eight."""

RECIPE_1 = Recipe(
    name="sam-med3d-1",
    about="SAM-Med3D, stage 1: from nothing, on all that there is",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Cubes(batch=BATCH)),
    settings=STAGE_1,
    seed=2023,  # of the code
)

RECIPE_2 = Recipe(
    name="sam-med3d-2",
    about="SAM-Med3D, stage 2: from stage 1, on the better sets",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Cubes(batch=BATCH)),
    settings=STAGE_2,
    seed=2023,
    start="sam-med3d",
)

RECIPE_TUNED = Recipe(
    name="sam-med3d-tune",
    about="SAM-Med3D on your own data, as its authors' scripts do it",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Cubes(batch=2)),
    settings=FINE_TUNING,
    seed=2023,
    start="sam-med3d-turbo",
)
