"""`vesal serve`: our page, and the viewers people already have."""

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vesal.cli.console import print_facts
from vesal.errors import ConfigError
from vesal.extras import needing

if TYPE_CHECKING:
    from vesal.server.settings import Settings

HELP = """Serve a folder or an image to a browser, 3D Slicer, OHIF, napari and MITK.

Prints an address: open it in a browser and click. The same address is the server of 3D Slicer's \
nnInteractive and MONAI Label extensions, of napari-nninteractive, and of any script (/docs)."""
EXAMPLES = """[bold]Examples[/bold]
  vesal serve
  vesal serve scans/
  vesal serve scan.nii.gz --port 8000
  VESAL_KEY=$(openssl rand -hex 16) vesal serve scans/ --host 0.0.0.0
  vesal serve --dicomweb http://127.0.0.1:8042/dicom-web

[dim]How each viewer connects: docs/viewers.md[/dim]"""

_GIB = 2**30
_MOST_GIB = 2**20


_Root = Annotated[
    Path | None,
    typer.Argument(metavar="[FOLDER|IMAGE]", help="What is served; else only what is sent."),
]
_Model = Annotated[str, typer.Option("--model", "-m", help="Name of a model, or weights file.")]
_Host = Annotated[
    str, typer.Option(help="Address to listen on; beyond this machine it needs a key.")
]
_Port = Annotated[int, typer.Option(help="Port; 0 for any free one.")]
_Key = Annotated[
    str,
    typer.Option(envvar="VESAL_KEY", help="What clients must know, 16 characters or more."),
]
_Work = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Keep uploads and sessions there after the end."),
]
_Places = Annotated[int, typer.Option(help="nnInteractive clients at once.")]
_Waiting = Annotated[int, typer.Option(help="Requests that may wait for the model.")]
_Memory = Annotated[
    float, typer.Option(metavar="GIB", help="For images and encodings of open sessions.")
]
_Idle = Annotated[
    float, typer.Option(metavar="SECONDS", help="Without an action a client loses its place.")
]
_Legacy = Annotated[
    bool, typer.Option("--legacy", metavar="", help="Serve SlicerNNInteractive before 1.0.")
]
_AllowOrigin = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="A page of another host that may call; again for more."),
]
_Dicomweb = Annotated[
    str, typer.Option(metavar="URL", help="DICOMweb server whose series are segmented.")
]
_Ohif = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="A built OHIF, served at /ohif/.")
]
_Certificate = Annotated[
    Path | None, typer.Option(metavar="PEM", help="Serve https with this certificate.")
]
_CertificateKey = Annotated[
    Path | None, typer.Option(metavar="PEM", help="Its key, if it is in a file of its own.")
]
_Log = Annotated[bool, typer.Option("--log", metavar="", help="Print a line for each request.")]


def serve(  # noqa: PLR0913  # one for each option
    root: _Root = None,
    model: _Model = "vesal-mini",
    host: _Host = "127.0.0.1",
    port: _Port = 1527,
    key: _Key = "",
    work: _Work = None,
    places: _Places = 64,
    waiting: _Waiting = 64,
    memory: _Memory = 4.0,
    idle: _Idle = 600.0,
    legacy: _Legacy = False,
    allow_origin: _AllowOrigin = None,
    dicomweb: _Dicomweb = "",
    ohif: _Ohif = None,
    certificate: _Certificate = None,
    certificate_key: _CertificateKey = None,
    log: _Log = False,
) -> None:
    """Serve until Ctrl+C or SIGTERM.

    Raises:
        VesalError: a folder that is not there, a host without a key, a port that is taken.
    """
    serve_until_ended, settings_of = _server()
    if log:
        logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("vesal").setLevel(logging.INFO)
    settings = settings_of(
        root=root,
        model=model,
        host=host,
        port=port,
        key=key,
        work=work,
        places=places,
        waiting=waiting,
        memory_bytes=_bytes(memory),
        idle_s=idle,
        legacy=legacy,
        origins=tuple(allow_origin or ()),
        dicomweb=dicomweb,
        ohif=ohif,
        certificate=certificate,
        certificate_key=certificate_key,
    )
    with suppress(KeyboardInterrupt):  # how it is told to end
        serve_until_ended(settings, lambda address: _print_address(address, settings.key))


def _bytes(gib: float) -> int:
    if not 0 < gib < _MOST_GIB:
        msg = f"--memory needs a number of GiB above 0, got {gib}"
        raise ConfigError(msg)
    return round(gib * _GIB)


def _server() -> "tuple[Callable[[Settings, Callable[[str], None]], None], type[Settings]]":
    """What serves, which comes with an extra."""
    from vesal.server.heap import loading

    with needing("server", "serving"), loading():
        from vesal.server.run import serve as serve_until_ended
        from vesal.server.settings import Settings
    return serve_until_ended, Settings


def _print_address(address: str, key: str) -> None:
    lines = [("open", address), ("API", f"{address}/docs")]
    lines += [("key", "needed")] if key else []
    print_facts([*lines, ("end", "Ctrl+C")])
    sys.stdout.flush()  # a log or a pipe would get it when the server ends
