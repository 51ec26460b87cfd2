"""Records found in bodies whose envelope differs from the document."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oneroster.contract.http.located_rows import located_rows

ROWS = st.lists(st.fixed_dictionaries({"sourcedId": st.text(min_size=1, max_size=3)}), min_size=1, max_size=3)
KEYS = st.sampled_from(["orgs", "data", "items", "schools", "value"])


@given(ROWS, st.lists(KEYS, max_size=2, unique=True), st.booleans())
def test_a7_rows_are_found_under_any_keys_beside_any_message(
    rows: list[dict[str, Any]], keys: list[str], warned: bool
) -> None:
    body: Any = rows
    for key in reversed(keys):
        body = {key: body, **({"statusInfoSet": [{"imsx_severity": "warning"}]} if warned else {})}
    found = located_rows(body, "orgs", many=True)
    if keys[:1] == ["orgs"] and len(keys) == 2:
        # Under the documented key stands an object: it is not searched further.
        assert found is None
    else:
        assert found is not None
        assert list(found.rows) == rows
        assert found.path == tuple(keys)
