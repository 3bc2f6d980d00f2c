"""The protocols by name."""

from dataclasses import replace

from vesal.errors import ConfigError
from vesal.evaluation.protocols.challenge import CVPR_2025
from vesal.evaluation.protocols.clicks import CLICKS
from vesal.evaluation.protocols.prompts import PROMPTS
from vesal.evaluation.protocols.protocol import Protocol
from vesal.evaluation.protocols.robustness import ROBUSTNESS
from vesal.evaluation.protocols.sam_med2d import SAM_MED2D
from vesal.evaluation.protocols.sam_med3d import SAM_MED3D
from vesal.evaluation.protocols.sam_unet import SAM_UNET

PROTOCOLS: dict[str, Protocol] = {
    one.name: one
    for one in (CLICKS, PROMPTS, ROBUSTNESS, SAM_MED3D, SAM_MED2D, SAM_UNET, CVPR_2025)
}


def protocol_named(name: str, clicks: int | None = None) -> Protocol:
    """The protocol of that name, with no more clicks than asked for.

    Raises:
        ConfigError: there is none of this name; less than one click; or a number of clicks for a
            protocol that has its own.
    """
    if name not in PROTOCOLS:
        msg = f"unknown protocol {name!r}; there are: {', '.join(PROTOCOLS)}"
        raise ConfigError(msg)
    protocol = PROTOCOLS[name]
    if clicks is None:
        return protocol
    if clicks < 1:
        msg = f"a protocol needs 1 click or more, got {clicks}"
        raise ConfigError(msg)
    if protocol.together:
        msg = f"{name} has a number of clicks of its own; leave --clicks out"
        raise ConfigError(msg)
    variants = tuple(replace(one, clicks=clicks * (one.clicks > 0)) for one in protocol.variants)
    reported = tuple(sorted({*(n for n in protocol.reported if n < clicks), clicks}))
    return replace(protocol, variants=variants, reported=reported)
