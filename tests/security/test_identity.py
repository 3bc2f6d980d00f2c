"""What DICOM outputs copy of a patient is what SECURITY.md says they copy."""

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from tests.dicom_series import write_series
from vesal.images import open_image
from vesal.labels import LabelMap, Segment

PAGE = Path(__file__).resolve().parents[2] / "SECURITY.md"
TEXTS = (
    "PatientComments", "PatientState", "Occupation", "IssuerOfPatientID", "Allergies", "StudyID",
    "AdditionalPatientHistory", "MedicalAlerts", "StudyDescription",
    "AdmittingDiagnosesDescription",
    "ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialSubjectID", "PatientID",
    "AccessionNumber", "PatientAddress", "PatientTelephoneNumbers", "MilitaryRank", "EthnicGroup",
    "InstitutionName", "InstitutionAddress", "StationName", "ProtocolName", "SpecialNeeds",
    "CurrentPatientLocation", "ImageComments", "DeviceSerialNumber",
    "RequestedProcedureDescription",
    "PositionReferenceIndicator",
)  # fmt: skip
NAMES = (
    "PatientName", "OtherPatientNames", "PatientMotherBirthName", "ResponsiblePerson",
    "ReferringPhysicianName", "PhysiciansOfRecord", "NameOfPhysiciansReadingStudy",
    "RequestingPhysician", "OperatorsName", "PerformingPhysicianName",
)  # fmt: skip
OTHERS = {
    "PatientBirthDate": "19500102", "PatientBirthTime": "010203", "PatientSex": "F",
    "PatientAge": "070Y", "PatientSize": "1.71", "PatientWeight": "71.5", "PregnancyStatus": 1,
    "SmokingStatus": "NO", "StudyDate": "20200102", "StudyTime": "101112",
}  # fmt: skip
LINKS = ("StudyInstanceUID", "FrameOfReferenceUID")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, dict[str, Dataset]]:
    """A slice of a series that says all of its patient, and both kinds of object about it."""
    folder = tmp_path_factory.mktemp("identity")
    said = {name: f"T{number}" for number, name in enumerate(TEXTS)}
    called = {name: f"Name{number}^N" for number, name in enumerate(NAMES)}
    series = write_series(folder / "series", **said, **called, **OTHERS)  # type: ignore[arg-type]
    image = open_image(series.folder)
    labels = LabelMap(
        array=(image.array > np.median(image.array)).astype(np.uint8),
        grid=image.grid,
        segments=(Segment(number=1, name="half", colour=(255, 0, 0)),),
        source=image.source,
    )
    made: dict[str, Dataset] = {}
    for kind, suffix in (("SEG", ".seg.dcm"), ("RTSTRUCT", ".rtstruct.dcm")):
        labels.save(folder / f"labels{suffix}")
        made[kind] = pydicom.dcmread(folder / f"labels{suffix}")
    return pydicom.dcmread(series.files[0]), made


@pytest.mark.parametrize(("kind", "column"), [("SEG", 1), ("RTSTRUCT", 2)])
def test_the_page_names_all_that_is_copied(
    kind: str, column: int, outputs: tuple[Dataset, dict[str, Dataset]]
) -> None:
    """Neither an element less nor one more, among those that can tell who it is."""
    series, made = outputs
    personal = {*TEXTS, *NAMES, *OTHERS, *LINKS}
    copied = {
        one.keyword
        for one in made[kind]
        if one.keyword in personal and one.value == series[one.keyword].value
    }
    rows = re.findall(r"^\| (.+?) \| (yes|no) \| (yes|no) \|$", PAGE.read_text("utf-8"), re.M)
    promised = {
        name for row in rows if row[column] == "yes" for name in re.findall(r"[A-Z]\w+", row[0])
    }
    assert copied == promised & personal
    assert copied > {"PatientName", "PatientID", "StudyInstanceUID"}
