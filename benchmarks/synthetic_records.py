"""Synthetic records and pages of typical size and shape, the same in every run."""

import json
from typing import Any, Final

__all__ = ["enrollment", "page", "user", "with_odd_records"]

_CHANGED: Final = "2026-08-{day:02d}T06:30:00.000Z"
_ROOT: Final = "https://sis.example/ims/oneroster/v1p1"


def _reference(kind: str, collection: str, sourced_id: str) -> dict[str, str]:
    return {"href": f"{_ROOT}/{collection}/{sourced_id}", "sourcedId": sourced_id, "type": kind}


def user(number: int, page_mark: str = "000000000000") -> dict[str, Any]:
    """Return a student with two user ids, one or two schools and a grade.

    Args:
        number: The index of the record within its page.
        page_mark: The part of ids and names that differs from page to page.
    """
    schools = [f"school-{number % 40:04d}"] + ([f"school-{number % 40 + 1:04d}"] if number % 5 == 0 else [])
    return {
        "sourcedId": _user_id(number, page_mark),
        "status": "active",
        "dateLastModified": _CHANGED.format(day=number % 28 + 1),
        "username": f"s{number:04d}{page_mark}",
        "userIds": [
            {"type": "LDAP", "identifier": f"uid{number:04d}{page_mark}"},
            {"type": "State", "identifier": f"{7_000_000 + number}"},
        ],
        "enabledUser": "true" if number % 50 else "false",
        "givenName": f"Given{number % 800}",
        "familyName": f"Family{number % 3000}",
        "middleName": "M",
        "role": "student",
        "identifier": f"{400_000 + number}",
        "email": f"s{number:04d}{page_mark}@school.example",
        "orgs": [_reference("org", "orgs", school) for school in schools],
        "grades": [f"{number % 12 + 1:02d}"],
    }


def enrollment(number: int, page_mark: str = "000000000000", user_page_mark: str = "000000000000") -> dict[str, Any]:
    """Return the enrollment of a student in a class.

    Args:
        number: The index of the record within its page.
        page_mark: The part of its id that differs from page to page.
        user_page_mark: The page mark of its user.
    """
    return {
        "sourcedId": f"{number:08x}-0000-4000-8000-{page_mark}",
        "status": "active",
        "dateLastModified": _CHANGED.format(day=number % 28 + 1),
        "user": _reference("user", "users", _user_id(number, user_page_mark)),
        "class": _reference("class", "classes", f"class-{number // 25:05d}"),
        "school": _reference("org", "schools", f"school-{number % 40:04d}"),
        "role": "student",
        "primary": "false",
        "beginDate": "2026-08-24",
        "endDate": "2027-06-12",
    }


def _user_id(number: int, page_mark: str) -> str:
    return f"u{number:08x}-0000-4000-8000-{page_mark}"


_MAKERS: Final = {"users": user, "enrollments": enrollment}
# Deviations of real servers: an unlisted value, a boolean in words, an empty date-time, an extra property, and a
# missing required property.
_ODD: Final[tuple[dict[str, Any], ...]] = (
    {"role": "visitor"},
    {"primary": "yes", "enabledUser": "yes"},
    {"dateLastModified": ""},
    {"vendorCode": "x1"},
    {"status": None},
)


def page(wrapper: str, rows: int, odd_every: int | None = None) -> bytes:
    """Return a page of records, as compact JSON.

    Args:
        wrapper: ``users`` or ``enrollments``.
        rows: The number of records.
        odd_every: Every how many records one deviates from the standard; None for no deviations.
    """
    records = [_MAKERS[wrapper](number) for number in range(rows)]
    if odd_every is not None:
        records = with_odd_records(records, odd_every)
    return json.dumps({wrapper: records}, separators=(",", ":")).encode()


def with_odd_records(records: list[dict[str, Any]], every: int) -> list[dict[str, Any]]:
    """Return the records with one of the deviations of real servers in every n-th of them."""
    return [
        record | _ODD[index // every % len(_ODD)] if index % every == every - 1 else record
        for index, record in enumerate(records)
    ]
