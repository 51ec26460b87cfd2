"""The options of a read: text that is checked before anything is planned, and the schema that follows from them."""

from pathlib import Path

import pytest

from oneroster.errors import ConfigurationError
from oneroster.pull import RosterSelection, collection_schema
from oneroster.spark.source_options import SourceOptions

LEAST = {"path": "users", "tenants": "oneroster.toml"}


def test_options_are_read_whatever_their_case() -> None:
    options = SourceOptions.of(
        LEAST
        | {"Tenant": "a, b", "COLUMNS": "role,orgSourcedIds", "rate": "2.5", "workers": "2", "active": "true"}
        | {"mode": "permissive", "since": "2026-01-01"}
    )
    assert options.tenants == Path("oneroster.toml").absolute()
    assert (options.tenant, options.rate, options.workers) == (("a", "b"), 2.5, 2)
    assert options.permissive
    columns = ["sourcedId", "status", "dateLastModified", "role", "orgSourcedIds"]
    assert options.schema().names == ["tenant", *columns, "_error"]


@pytest.mark.parametrize("collection", ["users", "enrollments", "orgs"])
def test_the_schema_is_that_of_an_extract_with_the_tenant(collection: str) -> None:
    strict = SourceOptions.of(LEAST | {"path": collection}).schema()
    assert list(strict)[1:] == list(collection_schema(collection))
    assert (strict[0].name, strict[0].nullable) == ("tenant", False)
    tolerant = SourceOptions.of(LEAST | {"path": collection, "mode": "PERMISSIVE"}).schema()
    assert [field.with_nullable(True) for field in list(strict)[1:]] == list(tolerant)[1:-1]


def test_masks_are_those_of_a_selection() -> None:
    options = SourceOptions.of(LEAST | {"drop_personal": "true", "filter": "role='student'"})
    assert options.selection == RosterSelection(only=["users"], drop_personal=True, filters={"users": "role='student'"})
    assert "familyName" not in options.schema().names
    assert "student" not in repr(options)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"path": "", "tenants": "x"}, "Name the collection"),
        ({"path": "users"}, "Name the collection"),
        (LEAST | {"token": "s3cret"}, "Unknown options token. Secrets are named by the configuration file"),
        (LEAST | {"colums": "role"}, "Unknown options colums. Options: active, columns"),
        (LEAST | {"mode": "DROPMALFORMED"}, "FAILFAST or PERMISSIVE"),
        (LEAST | {"rate": "0"}, "rate must be a number above zero"),
        (LEAST | {"workers": "many"}, "workers must be a number above zero"),
        (LEAST | {"rate": "nan"}, "rate must be"),
        (LEAST | {"active": "perhaps"}, "active must be true or false"),
    ],
)
def test_wrong_options_are_told_at_once(given: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        SourceOptions.of(given)
    assert "s3cret" not in str(caught.value)


def test_unknown_collections_columns_and_tenants_are_told_before_a_request(tmp_path: Path) -> None:
    config = tmp_path / "oneroster.toml"
    config.write_text('[tenants.a]\nbase_url = "https://sis.example"\n[tenants.b]\nbase_url = "https://sis.example"\n')
    given = LEAST | {"tenants": str(config)}
    assert SourceOptions.of(given).names() == ["a", "b"]
    assert SourceOptions.of(given | {"tenant": "b"}).names() == ["b"]
    with pytest.raises(ConfigurationError, match="has no tenant c"):
        SourceOptions.of(given | {"tenant": "b,c"}).names()
    with pytest.raises(ConfigurationError, match="'user' does not exist"):
        SourceOptions.of(given | {"path": "user"}).schema()
    with pytest.raises(ConfigurationError, match="no column 'rolle'"):
        SourceOptions.of(given | {"columns": "rolle"}).schema()
