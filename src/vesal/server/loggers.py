"""Loggers of the libraries that talk to other servers, told to write less.

They write addresses and headers: queries name patients, and headers hold keys. Ours write neither
(`guard.py`), whatever level the program around has set for all of them.
"""

import logging

_TALKERS = ("dicomweb_client", "httpcore", "httpx", "requests", "urllib3")


def hush_clients() -> None:
    """Let them write of nothing but what failed."""
    for name in _TALKERS:
        logging.getLogger(name).setLevel(logging.ERROR)
