"""What a MONAI Label client is told of the server: its models, labels and images."""

import asyncio
from typing import Any

from fastapi import APIRouter

from vesal import __version__
from vesal.server.office import Here
from vesal.server.refusals import NotFoundError

router = APIRouter(include_in_schema=False)

SCRIBBLES = "-scribbles"
"""End of the names under which models are offered to those who draw."""

LABELS = (
    "object",
    "lesion",
    "tumour",
    "lymph node",
    "liver",
    "spleen",
    "left kidney",
    "right kidney",
    "pancreas",
    "gallbladder",
    "stomach",
    "colon",
    "urinary bladder",
    "prostate",
    "aorta",
    "heart",
    "left lung",
    "right lung",
    "brain",
    "vertebra",
)
"""Names to begin with: a client offers them, and its user may add any other."""

_TITLE = "vesal: click on a structure, get its mask"


@router.get("/info/")
async def info(here: Here) -> dict[str, Any]:
    """The models twice: for clicks, and for scribbles. None is automatic."""
    labels = list(LABELS)
    models: dict[str, Any] = {}
    for offer in here.models.offers.values():
        about = {"labels": labels, "dimension": 3, "config": {}}
        models[offer.name] = {
            "type": "deepgrow",  # in both clients: points for one object, whatever it is
            "description": f"{offer.title}: click inside, and outside to take away",
            **about,
        }
        models[offer.name + SCRIBBLES] = {
            "type": "scribbles",
            "description": f"{offer.title}: draw over the object and over what is not",
            **about,
        }
    completed, total, tags = await asyncio.to_thread(lambda: here.labels.counts(here.scans.every()))
    return {
        "name": "vesal",
        "description": _TITLE,
        "version": __version__,
        "labels": labels,
        "models": models,
        "trainers": {},
        "strategies": {
            "first": {"description": "The first image without a final label.", "config": {}},
            "random": {"description": "Any image without a final label.", "config": {}},
        },
        "scoring": {},
        "train_stats": {},
        "datastore": {"total": total, "completed": completed, "label_tags": tags},
    }


@router.get("/train/")
@router.get("/train/{model}")
async def training() -> None:
    """That nothing is being trained, in the way that clients understand."""
    raise NotFoundError("No Train Tasks Found")


@router.delete("/train/")
async def stop_training() -> None:
    """Nothing is being trained, so nothing has to be stopped."""


@router.post("/train/")
@router.post("/train/{model}")
async def train() -> None:
    """Training is not begun over this protocol."""
    raise NotFoundError("this server does not train; use vesal train")
