"""What `pull` refuses before a job is started; tests/engines runs the job itself."""

from typing import Any

import pytest

from oneroster.errors import ConfigurationError
from oneroster.pull import Tenant
from oneroster.spark import pull

NORTH = Tenant("north", config="oneroster.toml")


class Session:
    """What `pull` asks a session before it starts a job."""

    def __init__(self, **settings: str) -> None:
        self.conf = {name.replace("_", "."): value for name, value in settings.items()}


@pytest.mark.parametrize(
    ("session", "tenants", "words"),
    [
        (Session(), [], "no tenants"),
        (Session(), [NORTH, NORTH], "more than once: north"),
        (Session(), [Tenant("a/b", config="oneroster.toml")], "file name"),
        (Session(spark_speculation="true"), [NORTH], "spark.speculation is on"),
    ],
)
def test_what_cannot_be_pulled_is_told_at_once(session: Any, tenants: list[Tenant], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        pull(session, tenants, to="rosters")
