"""All kinds of files that are tried, by name."""

from tests.damaged.dicom_kinds import DICOM_KINDS
from tests.damaged.image_kinds import IMAGE_KINDS
from tests.damaged.table_kinds import TABLE_KINDS
from tests.damaged.weight_kinds import WEIGHT_KINDS

KINDS = IMAGE_KINDS | DICOM_KINDS | WEIGHT_KINDS | TABLE_KINDS
