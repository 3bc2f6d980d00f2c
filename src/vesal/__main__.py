"""`python -m vesal`: the command line, where no script of it is at hand (torchrun)."""

import sys

from vesal.cli.main import main

sys.exit(main())
