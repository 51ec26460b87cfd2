"""``python -m oneroster`` is the command ``oneroster``."""

from oneroster.cli import main

main()
