"""What type checkers see of the public names; checked by mypy and pyright, never run."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import assert_type

from oneroster import AsyncOneRoster, F, OneRoster, Standard, v1p2
from oneroster.base_client import AsyncClient, SyncClient
from oneroster.client import async_client_class, client_class
from oneroster_v1p1 import AuthenticatedClient
from oneroster_v1p1.api.rostering import get_all_students
from oneroster_v1p1.facade import AsyncPages, Page, Pages
from oneroster_v1p1.models import GUIDRef, LineItem, Org, User, UserPage
from oneroster_v1p2.models import GUIDPair, ScoreScale
from oneroster_v1p2.models import LineItem as NewLineItem


def reading(roster: OneRoster) -> None:
    students = roster.get_all_students(filter=F.status == "active", sort="familyName", limit=100)
    assert_type(students, Pages[User])
    assert_type(iter(students), Iterator[User])
    assert_type(next(students.pages()), Page[User])
    assert_type(students.first(), User | None)
    assert_type(roster.get_school("S-1"), Org)
    assert_type(roster.make_roster_request("https://sis.example/users"), dict[str, int | str])


async def reading_at_once(roster: AsyncOneRoster) -> None:
    students = roster.get_all_students()
    assert_type(students, AsyncPages[User])
    assert_type(aiter(students), AsyncIterator[User])
    assert_type(await roster.get_school("S-1"), Org)


def reading_1_2(roster: v1p2.OneRoster, items: list[NewLineItem]) -> None:
    assert_type(roster.get_all_score_scales(), Pages[ScoreScale])
    assert_type(roster.get_score_scale("S-1"), ScoreScale)
    assert_type(roster.post_line_items_for_class("C-1", items), list[GUIDPair])
    assert_type(roster.delete_line_item("L-1"), None)


def fields(user: User, item: LineItem) -> None:
    assert_type(user.sourced_id, str)
    assert_type(user.email, str | None)
    assert_type(user.date_last_modified, datetime)
    assert_type(user.agents, list[GUIDRef] | None)
    assert_type(item.due_date, datetime)


def plain(client: AuthenticatedClient) -> None:
    assert_type(get_all_students.sync(client=client, limit=5), UserPage)


def any_version(standard: Standard) -> None:
    assert_type(client_class(standard), type[SyncClient])
    assert_type(async_client_class(standard), type[AsyncClient])
    assert_type(OneRoster.standard, Standard)
