"""Which members of zip files are unpacked: those that are stored or deflated.

Python's zipfile unpacks bzip2 and LZMA without a bound, whatever piece one asks for: 733 bytes of
bzip2 took 1.6 GB of memory before the first piece of them could be counted. No program that packs
images packs them so.
"""

import zipfile
from collections.abc import Iterable

_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def check_packing(members: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse members whose unpacked bytes cannot be counted while they come.

    Raises:
        zipfile.BadZipFile: there is one.
    """
    if any(member.compress_type not in _BOUNDED for member in members):
        raise zipfile.BadZipFile("its packing is odd: neither stored nor deflated")
