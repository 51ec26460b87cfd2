# ruff: noqa: T201 - a program that prints
"""Count the changes since a day, collection by collection: ``python examples/nightly_pull.py [2026-09-01]``.

The default is 24 hours ago. Settings are taken from ``ONEROSTER_*`` environment variables or, with
``ONEROSTER_TENANT``, from oneroster.toml. No personal data is printed.
"""

import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

from oneroster import OneRoster, OneRosterError, Pages, modified_since


def main(day: str | None = None) -> int:
    """Print the number of changes; return exit status 1 if a collection could not be read."""
    since = modified_since(date.fromisoformat(day) if day else datetime.now(UTC) - timedelta(days=1))
    with OneRoster() as roster:
        collections: dict[str, Pages[Any]] = {
            "orgs": roster.get_all_orgs(filter=since),
            "classes": roster.get_all_classes(filter=since),
            "users": roster.get_all_users(filter=since),
            "enrollments": roster.get_all_enrollments(filter=since),
        }
        for name, collection in collections.items():
            try:
                records = list(collection)
            except OneRosterError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            deleted = sum(record.status == "tobedeleted" for record in records)
            print(f"{name}: {len(records) - deleted} changed, {deleted} deleted")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
