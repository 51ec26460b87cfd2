# ruff: noqa: T201 - a program that prints
"""Print the names of all students, as ClassLink's sample does: ``python examples/print_students.py URL ID SECRET``.

URL is the whole URL of a collection of users, such as ``https://…/ims/oneroster/v1p1/students``.
"""

import json
import sys

from oneroster import OneRoster


def main(url: str, client_id: str, client_secret: str) -> int:
    """Print the names; return exit status 1 if the request failed."""
    response = OneRoster(client_id, client_secret).make_roster_request(url)
    if response["status_code"] != 200:
        print(f"Status {response['status_code']}", file=sys.stderr)
        return 1
    for user in json.loads(str(response["response"]))["users"]:
        print(user["givenName"], user["familyName"])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
