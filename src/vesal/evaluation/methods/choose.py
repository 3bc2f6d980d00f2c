"""Which method some words mean, as they are typed on the command line."""

import re
from collections.abc import Callable
from pathlib import Path

from vesal.errors import ConfigError
from vesal.evaluation.method import Method
from vesal.evaluation.methods.ball import ball_method
from vesal.evaluation.methods.command import CommandMethod
from vesal.evaluation.methods.geodesic import geodesic_method
from vesal.evaluation.methods.grower import growing_method
from vesal.evaluation.methods.own import OwnMethod
from vesal.evaluation.methods.remote import RemoteMethod
from vesal.evaluation.methods.submission import SubmissionMethod
from vesal.evaluation.methods.walker import walker_method
from vesal.models.zoo import ZOO

_NAMED = re.compile(r"([^=:/\\{}]+)=(.+)", re.DOTALL)

BASELINES: dict[str, Callable[[str], Method]] = {
    "ball": ball_method,
    "geodesic": geodesic_method,
    "random-walker": walker_method,
    "region-growing": growing_method,
}
_OUTSIDE: dict[str, Callable[[str, str], Method]] = {
    "command": CommandMethod,
    "nninteractive": RemoteMethod,
    "submission": SubmissionMethod,
}


def method(spec: str) -> Method:
    """The method that some words mean; "NAME=" before them calls it otherwise in tables.

    Args:
        spec: a name of the zoo, a weights file, the name of a baseline, or a word and a colon
            before what is reached outside, as "nninteractive:URL" or "command:WORDS".

    Raises:
        ConfigError: none of these.
        CheckpointError: weights that do not fit or are damaged.
        ResourceError: what the method needs is not installed or not reached.
    """
    named = None if Path(spec).exists() else _NAMED.fullmatch(spec)
    name, words = named.groups() if named else ("", spec)
    if words in BASELINES:
        return BASELINES[words](name or words)
    kind, colon, rest = words.partition(":")
    if colon and kind in _OUTSIDE:
        return _OUTSIDE[kind](rest, name or words)
    if words in ZOO or Path(words).exists():
        return OwnMethod(words, name)
    known = ", ".join([*ZOO, *BASELINES, *(f"{kind}:..." for kind in _OUTSIDE)])
    msg = f"{words!r} is neither a weights file nor one of: {known}"
    raise ConfigError(msg)
