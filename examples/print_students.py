# ruff: noqa: T201 - a program that prints
"""Print all students' names, in the way of ClassLink's sample: ``python examples/print_students.py URL ID SECRET``.

URL is the whole address of a list of users, such as ``https://…/ims/oneroster/v1p1/students``.
"""

import json
import sys

from oneroster import OneRoster


def main(url: str, client_id: str, client_secret: str) -> int:
    """Print the names, or what went wrong."""
    answer = OneRoster(client_id, client_secret).make_roster_request(url)
    if answer["status_code"] != 200:
        print(f"Status {answer['status_code']}", file=sys.stderr)
        return 1
    for user in json.loads(str(answer["response"]))["users"]:
        print(user["givenName"], user["familyName"])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
