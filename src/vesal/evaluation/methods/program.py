"""Runs a program of somebody else, without a shell and not for ever."""

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from vesal.errors import ConfigError, ResourceError

TIMEOUT_S = 600.0
_MOST_SHOWN = 300  # characters of what a program says as it fails


class Program:
    """A command line with places such as {output} for paths.

    Args:
        command: its words, quoted as in a shell; it is no shell that reads them.
        places: names that must stand in braces in it.
        timeout_s: seconds after which it is stopped.

    Raises:
        ConfigError: a place is missing, quotes that do not end, or there is no such program.
    """

    def __init__(
        self, command: str, places: Sequence[str], *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.command = command
        self._timeout_s = timeout_s
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            msg = f"the command {command!r} cannot be read: {error}".lower()
            raise ConfigError(msg) from error
        missing = [place for place in places if f"{{{place}}}" not in command]
        if missing:
            wanted = ", ".join(f"{{{place}}}" for place in missing)
            msg = f"the command {command!r} must say where {wanted} go"
            raise ConfigError(msg)
        if shutil.which(self._words[0]) is None:
            msg = f"there is no program {self._words[0]!r} that can be run"
            raise ConfigError(msg)

    def run(self, paths: Mapping[str, str]) -> None:
        """Run it with these paths in their places.

        Raises:
            ResourceError: it ends with an error, or does not end in time.
        """
        words = self._words
        for place, path in paths.items():
            words = [word.replace(f"{{{place}}}", path) for word in words]
        try:
            done = subprocess.run(  # noqa: S603  # the user's own command, and no shell
                words, capture_output=True, timeout=self._timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            msg = f"{self._words[0]} did not end within {self._timeout_s:g} s"
            raise ResourceError(msg) from error
        except OSError as error:
            msg = f"{self._words[0]} cannot be run: {error.strerror or error}"
            raise ResourceError(msg) from error
        if done.returncode != 0:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())[-_MOST_SHOWN:]
            msg = f"{self._words[0]} ended with code {done.returncode}: {said or 'it said nothing'}"
            raise ResourceError(msg)
