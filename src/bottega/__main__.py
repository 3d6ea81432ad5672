"""The command `bottega`."""

import sys

from bottega.cli import command_line


def main() -> None:
    """Runs the command line."""
    command_line(sys.argv[1] if len(sys.argv) > 1 else None)()


if __name__ == "__main__":
    main()
