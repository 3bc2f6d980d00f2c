"""Where the published weights come from, under which names and licences."""

from dataclasses import dataclass

_SAM = "https://dl.fbaipublicfiles.com/segment_anything"
_DRIVE = "https://drive.google.com/file/d"
_APACHE = "Apache-2.0"
_ASSEMBLE = (
    "train one, as none is published, from the start that "
    "`vesal weights assemble --sam sam_vit_b_01ec64.pth --resnet resnet{depth}.pth OUT` makes"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A published weights file."""

    file: str
    """Its name, as its authors gave it."""
    where: str
    """What to do to get it, for people."""
    licence: str
    repository: str | None = None
    """On huggingface.co, from where vesal can fetch it."""
    sha256: str | None = None
    """Of the file, where it is known."""


SOURCES: dict[str, Source] = {
    # The digests of SAM's files are those that micro-sam (computational-cell-analytics) checks;
    # the ends of their names are MD5 sums.
    "sam-vit-b": Source(
        file="sam_vit_b_01ec64.pth",
        where=f"download {_SAM}/sam_vit_b_01ec64.pth",
        licence=_APACHE,
        sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
    ),
    "sam-vit-l": Source(
        file="sam_vit_l_0b3195.pth",
        where=f"download {_SAM}/sam_vit_l_0b3195.pth",
        licence=_APACHE,
        sha256="3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
    ),
    "sam-vit-h": Source(
        file="sam_vit_h_4b8939.pth",
        where=f"download {_SAM}/sam_vit_h_4b8939.pth",
        licence=_APACHE,
        sha256="a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
    ),
    "medsam": Source(
        file="medsam_vit_b.pth",
        where="download medsam_vit_b.pth from https://zenodo.org/records/10689643",
        licence="as stated on its page",
    ),
    "sam-med2d": Source(
        file="sam-med2d_b.pth",
        where=f"download {_DRIVE}/1ARiB5RkSsWmAB_8mqWnwDF8ZKTtFwsjl",
        licence=_APACHE,
    ),
    "ft-sam": Source(
        file="ft-sam_b.pth",  # as SAM-Med2D's is called; its own name is nowhere stated
        where=f"download {_DRIVE}/1J4qQt9MZZYdv1eoxMTJ4FL8Fz65iUFM8",
        licence=_APACHE,
    ),
    "sam-med3d": Source(
        file="sam_med3d.pth",
        where=f"download {_DRIVE}/1PFeUjlFMAppllS9x1kAWyCYUJM9re2Ub",  # of an older readme
        licence=_APACHE,
    ),
    "sam-med3d-turbo": Source(
        file="sam_med3d_turbo.pth",
        where="download https://huggingface.co/blueyo0/SAM-Med3D/resolve/main/sam_med3d_turbo.pth",
        licence=_APACHE,
        repository="blueyo0/SAM-Med3D",
    ),
    "sam-unet-34": Source(
        file="sam-unet-34.safetensors",
        where=_ASSEMBLE.format(depth=34),
        licence="none published",
    ),
    "sam-unet-50": Source(
        file="sam-unet-50.safetensors",
        where=_ASSEMBLE.format(depth=50),
        licence="none published",
    ),
}
"""By name of the zoo; our own model is part of the package."""
