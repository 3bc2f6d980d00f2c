"""A training run of an automatic model as data: its classes come from the user's data."""

from dataclasses import dataclass
from pathlib import Path

from vesal.checkpoints.automatic import new_automatic
from vesal.errors import ConfigError
from vesal.models.automatic_config import AutomaticConfig
from vesal.models.sam_config import SamConfig
from vesal.models.unet_config import PromptableUNetConfig
from vesal.progress import Progress
from vesal.training.begin import RANDOM
from vesal.training.lessons.classes import ClassLesson
from vesal.training.recipe import Material, Ready
from vesal.training.settings import Settings
from vesal.training.sources.patches import Patches


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticRecipe:
    """Everything that decides a run, beside the data and the weights it begins with.

    Attributes:
        name: by which it is asked for.
        about: what it makes, in a few words.
        encoder: of the promptable model whose encoder is taken over.
        data: how patches are cut.
        encoder_rate: of the encoder, times the rate of the run; 0 leaves it as it is.
        settings: length, optimiser, bookkeeping.
        seed: of the first weights and of all that is drawn.
        start: weights of the encoder, where none are said.
    """

    name: str
    about: str
    encoder: SamConfig | PromptableUNetConfig
    data: Patches
    encoder_rate: float
    settings: Settings
    seed: int = 0
    start: str = ""

    def ready(
        self, data: Path | None, cache: Path, start: str | Path | None, progress: Progress
    ) -> Ready:
        """A lesson for the classes that ``data`` has, and what it is taught with.

        Raises:
            VesalError: there is nothing to learn from, or the weights are of another encoder.
        """
        if data is None:
            raise ConfigError("this recipe learns from your data: give a folder, JSON or CSV")
        taken = self.data.taken_from(data, cache, self.seed, progress)
        config = AutomaticConfig(
            encoder=self.encoder,
            classes=taken.names,
            window=self.data.window,
            spacing_mm=self.data.spacings_mm,
            normalisation=taken.normalisation,
        )
        first = self.start if start is None else start
        model = new_automatic(
            config, start=None if str(first) in (RANDOM, "") else first, seed=self.seed
        )
        return Ready(
            lesson=ClassLesson(model.train(), encoder_rate=self.encoder_rate),
            material=Material(source=taken.source, validation=taken.validation, notes=taken.notes),
        )
