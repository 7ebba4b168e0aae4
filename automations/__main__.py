"""``python -m automations`` is ``leadwright``."""

from automations.cli import program

if __name__ == "__main__":
    program()
