"""`python -m headgate` is the command `headgate`."""

import sys

from .cli import main

sys.exit(main())
