"""`oneroster get`: which records are shown, in which format, and what is masked."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.cli.get import HELP
from oneroster.inspection.masking import MASK
from oneroster.inspection.short_operation_names import read_operations, short_name
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.pull.pulling import tenant_and_store

SPECIFICATION = Standard.of().specification
ELEMENTS = SPECIFICATION.elements


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BASE_URL", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL", "TENANT", "CONFIG"):
        monkeypatch.delenv(f"ONEROSTER_{name}", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["get", *arguments])


def look(tenant: Sandbox, *arguments: str) -> Result:
    return run(*arguments, "--base-url", tenant.base_url, "--token", tenant.token)


def rows(tenant: Sandbox, *arguments: str) -> Any:
    result = look(tenant, *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_collection_is_shown_up_to_the_limit_and_the_rest_is_counted(tenant: Sandbox) -> None:
    result = look(tenant, "users", "--limit", "3")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 4
    assert result.stderr == "3 of 41 users\n"


def test_without_a_limit_all_are_shown(tenant: Sandbox) -> None:
    assert len(rows(tenant, "users", "--limit", "0")) == 41
    assert look(tenant, "users", "--limit", "0").stderr == "41 users\n"


def test_filter_sort_and_fields_reach_the_server(tenant: Sandbox) -> None:
    arguments = (
        "--filter",
        "role='teacher'",
        "--sort",
        "sourcedId",
        "--order-by",
        "desc",
        "--fields",
        "sourcedId,role",
    )
    found = rows(tenant, "users", *arguments)
    assert found
    assert [list(row) for row in found] == [["sourcedId", "role"]] * len(found)
    assert {row["role"] for row in found} == {"teacher"}
    assert [row["sourcedId"] for row in found] == sorted((row["sourcedId"] for row in found), reverse=True)


def test_only_the_fields_asked_for_are_shown_also_under_their_python_names(tenant: Sandbox) -> None:
    assert {tuple(row) for row in rows(tenant, "classes", "--fields", "class_type,title")} <= {
        ("title", "classType"),
        ("title",),
    }


def test_a_nested_read_takes_the_ids_of_its_path(tenant: Sandbox) -> None:
    school = rows(tenant, "schools")[0]["sourcedId"]
    classes = rows(tenant, "classes-for-school", school, "--limit", "0")
    assert {row["school"]["sourcedId"] for row in classes} == {school}
    one = rows(tenant, "class", classes[0]["sourcedId"])
    assert one == classes[0]
    assert rows(tenant, "classes", classes[0]["sourcedId"]) == one


def test_personal_values_are_masked_in_every_form_unless_asked_for(tenant: Sandbox) -> None:
    shown = rows(tenant, "users", "--limit", "0", "--show-personal")
    personal = [name for name, found in ELEMENTS["User"].properties.items() if found.personal]
    values = {row[name] for row in shown for name in ("givenName", "familyName", "email", "username") if row.get(name)}
    for form in ("table", "json", "csv", "ndjson"):
        output = look(tenant, "users", "--limit", "0", "--format", form).output
        assert not [value for value in values if value in output]
    for row, masked_row in zip(shown, rows(tenant, "users", "--limit", "0"), strict=True):
        assert masked_row == {name: MASK if name in personal else value for name, value in row.items()}


def test_csv_and_ndjson_hold_the_same_rows_as_json(tenant: Sandbox) -> None:
    wanted = rows(tenant, "classes", "--limit", "0")
    lines = look(tenant, "classes", "--limit", "0", "--format", "ndjson").stdout.splitlines()
    assert [json.loads(line) for line in lines] == wanted
    table = list(csv.DictReader(io.StringIO(look(tenant, "classes", "--limit", "0", "--format", "csv").stdout)))
    assert [row["sourcedId"] for row in table] == [row["sourcedId"] for row in wanted]
    assert [row["school"] for row in table] == [row["school"]["sourcedId"] for row in wanted]
    assert [row["terms"] for row in table] == [",".join(term["sourcedId"] for term in row["terms"]) for row in wanted]
    assert list(table[0]) == list(ELEMENTS["Class"].properties)


def test_an_empty_answer_is_an_empty_form(tenant: Sandbox) -> None:
    arguments = ("--filter", "sourcedId='nobody'")
    assert rows(tenant, "users", *arguments) == []
    assert look(tenant, "users", *arguments, "--format", "ndjson").stdout == ""
    assert look(tenant, "users", *arguments).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the operation is missing"),
        (("studens", "--sandbox"), "did you mean students"),
        (("student", "--sandbox"), "usage: student ID"),
        (("student", "S-1", "--sandbox", "--filter", "role='student'"), "does not take --filter"),
        (("users",), "base_url is missing"),
        (("users", "--sandbox", "--token", "t"), "cannot be combined with --token"),
        (("users", "--tenant", "nowhere"), "oneroster.toml cannot be read"),
        (("users", "--format", "xml"), "xml"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_mend(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_tenant_that_refuses_ends_with_1(tenant: Sandbox) -> None:
    result = run("users", "--base-url", tenant.base_url, "--token", "wrong-token")
    assert result.exit_code == 1
    assert result.stderr.startswith("oneroster get: ")
    assert "wrong-token" not in result.output
    assert look(tenant, "student", "nobody").exit_code == 1


def test_a_field_that_the_document_does_not_know_is_noted_and_sent_all_the_same(tenant: Sandbox) -> None:
    result = look(tenant, "users", "--fields", "sourcedId,familyname")
    assert "no field 'familyname' in OneRoster 1.1; did you mean familyName?" in result.stderr
    for words in (("--sort", "familyname"), ("--fields", "sourcedId,familyname")):
        assert "did you mean familyName?" in look(tenant, "users", *words).stderr
    assert "note" not in look(tenant, "users", "--sort", "metadata.region").stderr


def test_the_tenant_comes_from_the_environment_or_from_a_file(
    tenant: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "oneroster.toml").write_text(
        f'[tenants.springfield]\nbase_url = "{tenant.base_url}"\ntoken_url = "{tenant.token_url}"\n'
        f'client_id = "{tenant.client_id}"\nclient_secret = {{ env = "SPRINGFIELD_SECRET" }}\n'
    )
    monkeypatch.setenv("SPRINGFIELD_SECRET", tenant.client_secret)
    assert run("orgs", "--tenant", "springfield").exit_code == 0
    monkeypatch.setenv("ONEROSTER_BASE_URL", tenant.base_url)
    monkeypatch.setenv("ONEROSTER_TOKEN", tenant.token)
    assert run("orgs").exit_code == 0


def test_the_list_names_every_read() -> None:
    lines = run("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        short_name(operation.operation_id) for operation in read_operations(SPECIFICATION)
    ]


def test_the_shell_completes_names() -> None:
    environment = {
        "_ONEROSTER_COMPLETE": "complete_bash",
        "COMP_WORDS": "oneroster get classes-for-s",
        "COMP_CWORD": "2",
    }
    done = CliRunner().invoke(build(), [], env=environment, prog_name="oneroster")
    assert done.stdout.split() == ["classes-for-school", "classes-for-student"]


@pytest.mark.parametrize("line", [line for line in re.findall(r"`oneroster ([^`]+)`", HELP) if "--sandbox" in line])
def test_the_examples_of_the_help_run(line: str) -> None:
    words = next(csv.reader([line], delimiter=" "))
    result = CliRunner().invoke(build(), words)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) > 3


@pytest.mark.parametrize("filter_", ["role=teacher", "role = teacher AND status='active'", "teacher", "", "role==''"])
def test_a_filter_without_quotes_is_refused_before_it_is_sent(filter_: str) -> None:
    result = CliRunner().invoke(
        build(), ["get", "users", "--base-url", "http://127.0.0.1:9", "--token", "t", "--filter", filter_]
    )
    assert result.exit_code == 2, result.output
    assert "single quotes" in result.stderr
    assert "teacher'" not in result.stderr.replace("'teacher'", "")


@pytest.mark.parametrize(
    "filter_", ["familyName='O'Brien'", "givenName='a AND b'", "metadata.x!='1' OR orgs.sourcedId~'y'"]
)
def test_values_may_hold_quotes_and_words(filter_: str) -> None:
    from oneroster.cli._get_records import operation_to_read

    options = {"filter": filter_, "fields": None, "sort": None, "orderBy": None}
    specification = Standard.of().specification
    assert operation_to_read("users", [], options, specification).operation_id == "getAllUsers"


def test_an_unknown_field_of_a_filter_is_told(tenant: Sandbox) -> None:
    result = look(tenant, "users", "--filter", "rol='teacher'")
    assert "no field 'rol'" in result.stderr
    assert "did you mean role?" in result.stderr


def test_a_server_that_ignores_a_filter_is_told() -> None:
    with Sandbox(faults=["filter-ignored"]) as ignoring:
        assert "do not match --filter" in look(ignoring, "users", "--filter", "role='teacher'").stderr


SIGNS = "\x1b]0;title\x07\u202egnp\x9b2J\rline"


@pytest.mark.parametrize("format_", ["table", "csv", "json", "ndjson"])
@pytest.mark.parametrize("read", [["orgs"], ["org", "o-1"]], ids=["many", "one"])
def test_d7_no_sign_of_the_server_reaches_a_terminal(
    format_: str, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oneroster.cli._get_records._to_terminal", lambda: True)
    with tenant_and_store() as (server, store):
        store.put("Org", {"sourcedId": "o-1", "status": "active", "name": SIGNS, "type": "school"})
        result = look(server, *read, "--format", format_)
    assert result.exit_code == 0, result.output
    assert "gnp" in result.stdout
    assert all(sign.isprintable() or sign == "\n" for sign in result.stdout)


def test_d7_a_file_gets_values_as_the_server_sent_them() -> None:
    with tenant_and_store() as (server, store):
        store.put("Org", {"sourcedId": "o-1", "status": "active", "name": SIGNS, "type": "school"})
        result = look(server, "orgs", "--format", "csv")
    assert SIGNS in result.stdout


def test_the_dialect_of_a_tenant_has_its_own_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(profile="kimono") as kimono:
        assert look(kimono, "academic-sessions").exit_code == 1
        for given in (["--profile", "kimono"], []):
            result = look(kimono, "academic-sessions", *given, "--limit", "2")
            assert (result.exit_code, result.stderr) == (0, "2 of 21 academicSessions\n"), result.output
            monkeypatch.setenv("ONEROSTER_PROFILE", "kimono")
        assert "unknown name 'results'" in look(kimono, "results").stderr


def test_the_sandbox_and_the_list_have_a_dialect() -> None:
    result = run("academic-sessions", "--sandbox", "--profile", "kimono", "--limit", "1")
    assert (result.exit_code, result.stderr) == (0, "1 of 21 academicSessions\n"), result.output
    names = {each["name"] for each in json.loads(run("--list", "--json", "--profile", "kimono").stdout)}
    assert "academic-sessions" in names
    assert not names & {"results", "academic-sessions-kimono"}


@pytest.mark.parametrize("read", [["orgs", "--sandbox"], ["--list"]], ids=["sandbox", "list"])
def test_an_unknown_dialect_is_named_with_the_known_ones(read: list[str]) -> None:
    result = run(*read, "--profile", "acme")
    assert result.exit_code == 2
    assert "unknown profile 'acme'; known profiles: standard, kimono" in result.stderr
