"""What a report says of what went wrong."""

import logging

from vesal.cohort.report import Row
from vesal.errors import VesalError, lacks_memory
from vesal.terminal import one_line

logger = logging.getLogger(__name__)


def failure(case: str, image: str, name: str, error: Exception) -> Row:
    """The row of an object, or of a whole case where the name is empty; the log has more."""
    if isinstance(error, VesalError):
        message = str(error)
    elif lacks_memory(error):
        message = "the memory of this machine is used up"
    else:
        message = f"{type(error).__name__}: {' '.join(str(error).split())}"
    bug = not isinstance(error, VesalError | OSError) and not lacks_memory(error)
    what = one_line(f"{case} {name} failed: {message}")
    logger.warning("%s", what, exc_info=error if bug else None)
    return Row(case=case, image=image, object=name, status="failed", message=message)
