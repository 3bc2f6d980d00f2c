"""FT-SAM, SAM-Med2D's baseline: its training without adapters, so that the encoder stays SAM's.

`encoder_adapter` off in its code, everything else as there.
"""

from vesal.models.zoo import PUBLISHED
from vesal.training.recipes import sam_med2d

MODEL = PUBLISHED["ft-sam"]
LESSON = sam_med2d.LESSON
START = sam_med2d.START
PICTURES = sam_med2d.PICTURES
MASKS = sam_med2d.MASKS
SETTINGS = sam_med2d.SETTINGS
