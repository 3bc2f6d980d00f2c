"""Runs a program of somebody else, without a shell and not for ever."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

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
        code, error_text = self._ended(words)
        if code != 0:
            said = " ".join(error_text.split())[-_MOST_SHOWN:]
            msg = f"{self._words[0]} ended with code {code}: {said or 'it said nothing'}"
            raise ResourceError(msg)

    def _ended(self, words: Sequence[str]) -> tuple[int, str]:
        """The exit code, and what was said on stderr; what it started is stopped with it."""
        try:
            process = subprocess.Popen(  # noqa: S603  # the user's own command, and no shell
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            msg = f"{self._words[0]} cannot be run: {error.strerror or error}"
            raise ResourceError(msg) from error
        with process:
            try:
                _, said = process.communicate(timeout=self._timeout_s)
            except subprocess.TimeoutExpired as error:
                msg = f"{self._words[0]} did not end within {self._timeout_s:g} s"
                raise ResourceError(msg) from error
            finally:
                _stop(process)
        return process.returncode, said.decode("utf-8", "replace")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop a program, and what it has started as far as the system lets us, if it still runs."""
    with suppress(OSError):  # all of it has ended by itself
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
