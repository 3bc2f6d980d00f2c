"""All kinds of files that are tried, by name."""

from tests.faults.dicom_kinds import DICOM_KINDS
from tests.faults.image_kinds import IMAGE_KINDS
from tests.faults.table_kinds import TABLE_KINDS
from tests.faults.weight_kinds import WEIGHT_KINDS

KINDS = IMAGE_KINDS | DICOM_KINDS | WEIGHT_KINDS | TABLE_KINDS
