"""The fetch of collections into the staging, and what a second fetch skips."""

from pathlib import Path

from oneroster import Paging
from oneroster.pull import Progress
from oneroster.pull.fetch.collections import FetchTask, fetch_collections
from oneroster.pull.fetch.staging import Staging
from oneroster.pull.fetch.statistics import FetchStatistics
from oneroster.pull.fetch.throttled_session import ThrottledSession
from oneroster.pull.plan import CollectionSource
from oneroster.sandbox import Sandbox, Variants
from tests.pull.pulling import roster_of

ORGS = CollectionSource("Org", "orgs", "getAllOrgs")
RESULTS = CollectionSource("Result", "results", "getAllResults")
COLUMNS = ("sourcedId", "name")


def test_collections_are_staged_and_not_fetched_again(tmp_path: Path) -> None:
    statistics = FetchStatistics()
    tasks = [FetchTask(ORGS, COLUMNS, None, [], None, statistics), FetchTask(RESULTS, COLUMNS, None, [])]
    with (
        Sandbox("small", 3, variants=Variants(gradebook=False)) as tenant,
        roster_of(tenant) as client,
        Staging(tmp_path / "staging", {}, "now") as staging,
    ):
        for number in range(2):
            session = ThrottledSession(client.session, workers=2)
            fetch_collections(client.standard, session, staging, tasks, Paging(limit=4), 2, Progress())
            assert (session.requests == 0) == (number == 1)
            session.close()
        assert staging.fetched == {"Org"}
        assert (statistics.announced, statistics.error) == (staging.count_rows("Org"), None)
        assert statistics.seconds > 0
        assert staging.not_offered == {"Result": "not offered (404)"}
        assert staging.count_rows("Org") == len(list(client.get_all_orgs()))
        assert staging.segments("Org")[0].pages[0].count == 4
