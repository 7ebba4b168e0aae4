"""``python -m automations`` is ``leadwright``."""

import sys

from automations.cli import main

if __name__ == "__main__":
    sys.exit(main())
