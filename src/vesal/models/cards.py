"""What is known of how the models of the zoo were trained."""

from dataclasses import dataclass

_SAM_MED3D_SETS = (
    "AbdomenCT-1K", "AMOS22", "ASC18", "ATM22", "BrainPTM", "BraTS13", "BraTS15", "BraTS18",
    "BraTS19", "BraTS20", "BraTS21", "BTCV_Cervix", "CAUSE07", "CHAOS", "COSMOS22",
    "COVID19CTscans", "CrossMoDA21", "CrossMoDA22", "CT_ORG", "CTPelvic1k", "FLARE21", "FLARE22",
    "HeartSegMRI", "hvsmr16", "ISLES_SISS", "ISLES_SPES", "KIPA22", "KiTS19", "KiTS21",
    "LAScarQS22", "LITS", "LUNA16", "MMWHS", "MSD_BrainTumour", "MSD_Colon", "MSD_Heart",
    "MSD_HepaticVessel", "MSD_Hippocampus", "MSD_Liver", "MSD_Lung", "MSD_Pancreas",
    "MSD_Prostate", "MSD_Spleen", "Parse22", "PICAI", "Promise09", "Promise12", "ProstateMRISeg",
    "RibFrac2020", "SegThor", "SLIVER07", "STACOM_SLAWT", "StructSeg19", "Totalsegmentator",
    "VerSe19", "VerSe20", "VESSEL12", "WORD",
)  # fmt: skip

_MINI_SETS = (
    "ts-dicom", "ts-aorta", "ts-heart", "pr-lung1", "pr-lung2", "icbm", "colin27", "inia19",
    "sd-2d",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Where a model's knowledge comes from.

    Attributes:
        training_sets: names of the data sets; empty where they were never listed.
        note: what else a reader of results must know.
    """

    training_sets: tuple[str, ...] = ()
    note: str = ""

    def saw(self, dataset: str) -> bool | None:
        """Whether a data set was trained on; None where that cannot be said.

        Case, blanks and punctuation do not count in its name.
        """
        name = _plain(dataset)
        if not name or not self.training_sets:
            return None
        return name in {_plain(one) for one in self.training_sets}


CARDS: dict[str, Card] = {
    "vesal-mini": Card(
        training_sets=_MINI_SETS,
        note="and synthetic shapes; SOURCES.md names each file",
    ),
    "sam-med3d": Card(training_sets=_SAM_MED3D_SETS, note="and 24 private sets (SAM-Med3D, table)"),
    "sam-med3d-turbo": Card(
        training_sets=_SAM_MED3D_SETS,
        note="tuned on 44 of them; and 24 private sets (SAM-Med3D, table)",
    ),
    "sam-med2d": Card(note="SA-Med2D-20M, split by slice: slices of its own patients may be seen"),
    "ft-sam": Card(note="SA-Med2D-20M, split by slice: slices of its own patients may be seen"),
    "sam-vit-b": Card(training_sets=("SA-1B",), note="photographs"),
    "sam-vit-l": Card(training_sets=("SA-1B",), note="photographs"),
    "sam-vit-h": Card(training_sets=("SA-1B",), note="photographs"),
    "medsam": Card(note="1.5 million public image-mask pairs, listed in its paper"),
}
"""By name of the zoo; nothing is known of a weights file of another name."""


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
