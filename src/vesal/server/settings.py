"""What a server is started with."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from vesal.errors import ConfigError
from vesal.server.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORT = 1527  # where the clients of nnInteractive look by default

_LEAST_KEY = 16  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server is started with.

    Attributes:
        root: folder or image that is served; None serves only what is uploaded.
        model: name or weights file of the model that is used where none is named.
        host: address to listen on.
        port: to listen on; 0 lets the system choose.
        key: what a client must know; empty for none, which only loopback may have.
        places: nnInteractive clients at once.
        waiting: requests that may wait for the model.
        idle_s: without an action a nnInteractive client loses its place after so many seconds.
        liveness_s: and without any sign of life after so many.
        memory_bytes: for images and encoded parts of them in all open sessions.
        sessions: kept at most, in memory and on disk.
        work: folder for uploads and sessions, which outlive the server there; None for a
            temporary one.
        legacy: whether SlicerNNInteractive before 1.0 is served, whose users share one image.
        origins: web pages of other hosts that may call, such as an OHIF.
        dicomweb: address of a DICOMweb server whose series can be segmented; empty for none.
        ohif: folder of a built OHIF that is served at /ohif/.
        certificate: file with which the server proves who it is (PEM); None serves without TLS.
        certificate_key: file of its private key; None if the certificate file holds it too.
        limits: on what comes from outside.

    Raises:
        ConfigError: a host beyond this machine without a key, or a value out of range.
    """

    root: Path | None = None
    model: str | Path = "vesal-mini"
    host: str = LOOPBACK[0]
    port: int = PORT
    key: str = field(default="", repr=False)
    places: int = 64
    waiting: int = 64
    idle_s: float = 600.0  # as the reference server's
    liveness_s: float = 60.0  # as the reference server's
    memory_bytes: int = 4 * 2**30
    sessions: int = 1000
    work: Path | None = None
    legacy: bool = False
    origins: tuple[str, ...] = ()
    dicomweb: str = field(default="", repr=False)  # a password may stand in it
    ohif: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.is_local and not self.key:
            msg = (
                f"a server on {self.host} is open to the network and needs a key: give --key, set "
                "VESAL_KEY, or listen on 127.0.0.1"
            )
            raise ConfigError(msg)
        if self.key and (len(self.key) < _LEAST_KEY or not self.key.isascii()):
            msg = (
                f"a key needs at least {_LEAST_KEY} plain letters and digits, got "
                f"{len(self.key)} characters; this makes one: openssl rand -hex 16"
            )
            raise ConfigError(msg)
        if self.key != self.key.strip():
            raise ConfigError("a key cannot begin or end with a blank; clients would drop it")
        if self.dicomweb and not self.dicomweb.startswith(("http://", "https://")):
            msg = (
                "a DICOMweb server has an address like http://host/dicom-web, got "
                f"{self.dicomweb!r}"
            )
            raise ConfigError(msg)
        for name in ("places", "waiting", "sessions", "idle_s", "liveness_s", "memory_bytes"):
            if not 0 < getattr(self, name) < math.inf:
                msg = f"{name} must be above 0, got {getattr(self, name)}"
                raise ConfigError(msg)
        if self.certificate_key is not None and self.certificate is None:
            raise ConfigError("a certificate key needs its certificate; give --certificate too")
        if not 0 <= self.port < 2**16:
            msg = f"a port is between 0 and 65535, got {self.port}"
            raise ConfigError(msg)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK
