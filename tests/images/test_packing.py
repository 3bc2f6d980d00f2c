"""Tests of vesal.images.packing: which members of zip files are unpacked."""

import zipfile

import pytest

from vesal.images.packing import check_packing


def member(method: int) -> zipfile.ZipInfo:
    """A member that is packed so."""
    made = zipfile.ZipInfo("a.dcm")
    made.compress_type = method
    return made


def test_what_is_stored_or_deflated_is_taken() -> None:
    """All that programs write."""
    check_packing([member(zipfile.ZIP_STORED), member(zipfile.ZIP_DEFLATED)])
    check_packing([])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 93, 9])
def test_one_member_of_another_packing_is_enough_to_refuse(method: int) -> None:
    """bzip2, LZMA, and what Python does not know."""
    with pytest.raises(zipfile.BadZipFile, match="neither stored nor deflated"):
        check_packing([member(zipfile.ZIP_STORED), member(method)])
