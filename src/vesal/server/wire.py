"""What our REST API takes and gives, as JSON has it; `docs/server.md` tells how it is used."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from vesal.server.label_patch import LabelPatch
from vesal.session.objects import Overlap

Coordinates = Annotated[list[FiniteFloat], Field(min_length=2, max_length=3)]
Voxel = Annotated[
    list[Annotated[int, Field(ge=-(2**31), lt=2**31)]], Field(min_length=2, max_length=3)
]
Corners = Annotated[list[Coordinates], Field(min_length=2, max_length=2)]
Line = Annotated[list[Coordinates], Field(min_length=1, max_length=100_000)]
ByteValue = Annotated[int, Field(ge=0, le=255)]
Colour = Annotated[list[ByteValue], Field(min_length=3, max_length=3)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PointPrompt(_Request):
    """A click on one voxel, in world mm."""

    point: Coordinates
    positive: bool = True


class BoxPrompt(_Request):
    """A box along axes of its own; its lowest and highest coordinates along them, in mm."""

    box: Corners
    axes: Annotated[list[Coordinates], Field(max_length=3)] = []
    positive: bool = True


class VoxelBoxPrompt(_Request):
    """A box along the image's axes: its lowest and highest voxel, both in it."""

    voxel_box: Annotated[list[Voxel], Field(min_length=2, max_length=2)]
    positive: bool = True


class ScribblePrompt(_Request):
    """A line that was drawn through points in world mm."""

    scribble: Line
    joined: bool = True
    positive: bool = True


class LassoPrompt(_Request):
    """A closed outline on some plane, its corners in world mm."""

    lasso: Line
    positive: bool = True


AnyPrompt = PointPrompt | BoxPrompt | VoxelBoxPrompt | ScribblePrompt | LassoPrompt


class SayRequest(_Request):
    """Prompts on one object, as one step."""

    object: int
    prompts: Annotated[list[AnyPrompt], Field(min_length=1, max_length=1000)]


class OpenRequest(_Request):
    """Which scan is opened, and which model is asked."""

    scan: str
    series: str | None = None
    model: str | None = None


class NewObjectRequest(_Request):
    """The name of a new object; None for one made from its number."""

    name: str | None = None


class ChangeObjectRequest(_Request):
    """What is None stays as it is."""

    name: str | None = None
    colour: Colour | None = None
    locked: bool | None = None
    accepted: bool | None = None
    current: bool | None = None


class ChangeSessionRequest(_Request):
    """What is None stays as it is."""

    overlap: Overlap | None = None
    model: str | None = None


class ModelState(BaseModel):
    """A model that can be asked."""

    name: str
    title: str
    prompts: list[str]
    ndims: list[int]
    ready: bool = True


class ServerState(BaseModel):
    """What this server is and can."""

    version: str
    models: list[ModelState]
    default_model: str
    upload_limit_bytes: int
    folder: bool
    formats: dict[str, str]


class ScanState(BaseModel):
    """A scan that can be opened."""

    id: str
    name: str
    kind: str
    bytes: int
    uploaded: bool


class ScanList(BaseModel):
    """All scans that can be opened."""

    scans: list[ScanState]


class SeriesState(BaseModel):
    """One DICOM series of a scan."""

    uid: str
    description: str
    modality: str
    slices: int


class SeriesList(BaseModel):
    """All DICOM series of a scan."""

    series: list[SeriesState]


class WindowState(BaseModel):
    """A range of values that is shown from black to white."""

    name: str
    low: float
    high: float


class ImageState(BaseModel):
    """The image of a session; the affine takes voxel indices to world mm."""

    shape: list[int]
    affine: list[list[float]]
    spacing_mm: list[float]
    spacing_known: bool
    modality: str
    range: list[float]
    colour: bool
    notes: list[str]


class ObjectState(BaseModel):
    """One object of a session."""

    number: int
    name: str
    colour: list[int]
    locked: bool
    accepted: bool
    prompts: list[dict[str, Any]]
    voxels: int
    volume_ml: float | None
    box: list[list[int]] | None
    score: float | None
    stability: float | None
    notes: list[str]


class SessionState(BaseModel):
    """All that a page must know of a session, but for the masks."""

    id: str
    revision: int
    scan: ScanState
    model: str
    image: ImageState
    windows: list[WindowState]
    objects: list[ObjectState]
    current: int
    overlap: str
    can_undo: bool
    can_redo: bool


class Change(BaseModel):
    """What a step changed: the new state, and the label map where it may be another one."""

    model_config = ConfigDict(populate_by_name=True)

    state: SessionState
    before: int = Field(alias="from", description="Revision before the step.")
    patch: LabelPatch | None


class SuggestionState(BaseModel):
    """A place to click next."""

    point_mm: list[float]
    inside: bool


class SuggestionReply(BaseModel):
    """Where to click next; None where nothing is unsure."""

    suggestion: SuggestionState | None


class Problem(BaseModel):
    """Why a request was refused, in one sentence."""

    detail: str
