"""FT-SAM, SAM-Med2D's baseline: its training without adapters, so that the encoder stays SAM's.

`encoder_adapter` off in its code, everything else as there.
"""

from vesal.models.zoo import PUBLISHED
from vesal.training.recipe import Recipe
from vesal.training.recipes import sam_med2d
from vesal.training.sources.pairs import Pairs
from vesal.training.sources.pictures import Pictures

MODEL = PUBLISHED["ft-sam"]
LESSON = sam_med2d.LESSON
START = sam_med2d.START
PICTURES = sam_med2d.PICTURES
MASKS = sam_med2d.MASKS
SETTINGS = sam_med2d.SETTINGS

RECIPE = Recipe(
    name="ft-sam",
    about="FT-SAM: SAM-Med2D without adapters, its encoder as it is",
    model=MODEL,
    lesson=LESSON,
    data=Pairs(shown=Pictures(family="ft-sam", batch=PICTURES, masks=MASKS)),
    settings=SETTINGS,
    start=START,
)
