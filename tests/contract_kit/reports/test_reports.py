"""The report as JSON, and on a terminal."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from oneroster.contract.catalogue import catalogue
from oneroster.contract.families import FAMILIES
from oneroster.contract.harm import Harm
from oneroster.contract.levels import Level
from oneroster.contract.reports import html, json_report, terminal, write_report
from oneroster.contract.reports.summary_model import Score, Summary
from oneroster.contract.result import Cause, Check, CheckReport, Evidence, OperationSeen, Status, TargetInfo, shown_ids

TARGET = TargetInfo("https://sis.example/ims/oneroster/v1p1", "1.1", "standard", "2024-08-01T06:00:00Z", 1.5, 42)

NONE_TESTED = "Could not be judged: nobody answers; none of 1 rule was tested"


def a_check(rule_id: str = "OR-PAG-01", status: Status = Status.PASSED, **changes: Any) -> Check:
    levels = {Status.WARNED: Level.SHOULD}
    values = {
        "id": rule_id,
        "family": "paging",
        "title": f"Title of {rule_id}",
        "level": levels.get(status, Level.MUST),
        "status": status,
        "operation_id": "getAllOrgs",
        "message": "holds",
        "clause": "3.1 limit [A]",
    }
    return Check(**{**values, **changes})


NOT_JUDGED = a_check(
    status=Status.NOT_JUDGED,
    operation_id=None,
    cause=Cause.EXPLAINED,
    explained_by="OR-PAG-02",
    explained_on="getAllOrgs",
)


def a_report(*checks: Check, unjudged: str | None = None) -> CheckReport:
    return CheckReport("0.1.0", TARGET, checks, 7, unjudged)


def summary_of(*checks: Check, fail_on: Level = Level.MUST) -> Summary:
    return Summary.of(a_report(*checks), fail_on)


def printed(report: CheckReport, fail_on: Level = Level.MUST) -> str:
    out = io.StringIO()
    terminal.print_report(Summary.of(report, fail_on), Console(file=out, width=80, highlight=False))
    return out.getvalue()


def test_the_json_report_has_the_form_of_the_interface() -> None:
    evidence = Evidence("GET /orgs", "children[].href", 2, 9, ("o-1", "o-2"), "curl -sS https://sis.example/orgs")
    broken = a_check(status=Status.FAILED, message="limit=2 brought 9 rows", evidence=(evidence,))
    whole = json.loads(json_report.render(summary_of(broken, NOT_JUDGED)))
    assert whole == {
        "format": 3,
        "tool": {"name": "oneroster-kit", "version": "0.1.0"},
        "target": {
            "base_url": "https://sis.example/ims/oneroster/v1p1",
            "standard": "1.1",
            "profile": "standard",
            "started_at": "2024-08-01T06:00:00Z",
            "seconds": 1.5,
            "requests": 42,
        },
        "seed": 7,
        "verdict": {
            "exit_status": 1,
            "outcome": "violated",
            "headline": "0 of 1 tested must rule passed; 1 failed",
            "gaps": [],
            "musts": {"tested": 1, "passed": 0, "failed": 1, "accepted": 0, "not_tested": {}},
            "shoulds": {"tested": 0, "passed": 0, "failed": 0, "accepted": 0, "not_tested": {}},
        },
        "causes": {"explained by another finding": 1},
        "operations": [],
        "summary": {"passed": 0, "failed": 1, "warned": 0, "open": 0, "accepted": 0, "not judged": 1},
        "rules": [{"rule": "OR-PAG-01", "exercised": 1, "not_judged": 1, "cut": 0}],
        "checks": [
            {
                "rule": "OR-PAG-01",
                "family": "paging",
                "title": "Title of OR-PAG-01",
                "level": "must",
                "harm": "form",
                "status": "failed",
                "operation": "getAllOrgs",
                "message": "limit=2 brought 9 rows",
                "evidence": [
                    {
                        "request": "GET /orgs",
                        "pointer": "children[].href",
                        "count": 2,
                        "of": 9,
                        "curl": "curl -sS https://sis.example/orgs",
                        "ids": ["o-1", "o-2"],
                    }
                ],
            },
            {
                "rule": "OR-PAG-01",
                "family": "paging",
                "title": "Title of OR-PAG-01",
                "level": "must",
                "harm": "form",
                "status": "not judged",
                "operation": None,
                "message": "holds",
                "evidence": [],
                "cause": "explained by another finding",
                "explained_by": "OR-PAG-02",
                "explained_on": "getAllOrgs",
            },
        ],
    }


def keys_of(value: Any) -> set[str]:
    """Return all keys in a JSON value."""
    if isinstance(value, dict):
        if set(value) <= {*Cause, "HTTP 503"}:
            # The keys of counts are causes and statuses.
            return set()
        return set(value) | {key for inner in value.values() for key in keys_of(inner)}
    return {key for inner in value for key in keys_of(inner)} if isinstance(value, list) else set()


def test_every_key_of_the_json_report_is_documented() -> None:
    evidence = Evidence("GET /orgs", "children[].href", 2, 9, ("o-1",), "curl -sS https://sis.example/orgs")
    whole = replace(
        a_report(a_check(status=Status.FAILED, evidence=(evidence,), accepted="ticket 4711"), NOT_JUDGED),
        target=replace(TARGET, overlay="dialect.yaml", unanswered={"HTTP 503": 2}),
        operations=(OperationSeen("getOrg", "rostering", "GET", "/orgs/{id}", "refused", 3, None, None, (), ()),),
        repeat="oneroster check",
        leftovers=("DELETE /categories/c-1",),
        interrupted=True,
    )
    page = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")
    documented = {name.rpartition(".")[2] for name in re.findall(r"^\| `([a-z_ .\[\]]+)` \|", page, re.MULTILINE)}
    assert keys_of(json_report.as_json(Summary.of(whole))) == documented


def test_the_json_report_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(json_report.render(summary_of(a_check())), path)
    assert json.loads(path.read_text(encoding="utf-8"))["summary"]["passed"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "report.json").write_text("old", encoding="utf-8")
    monkeypatch.setattr("oneroster.atomic_files.os.fsync", is_full)
    with pytest.raises(OSError, match="No space left"):
        write_report("new", tmp_path / "report.json")
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == "old"


def test_ids_are_few_short_and_printable() -> None:
    assert shown_ids(f"o-{number}" for number in range(9)) == ("o-0", "o-1", "o-2", "o-3", "o-4")
    assert shown_ids(["x" * 500]) == ("x" * 80 + "…",)
    assert shown_ids(["a\x1b[31m\nb", 5]) == ("a?[31m?b", "5")


@pytest.mark.parametrize(
    ("checks", "fail_on", "verdict"),
    [
        ([a_check()], Level.MUST, "1 of 1 tested must rule passed"),
        (
            [a_check(status=Status.WARNED)],
            Level.MUST,
            "1 of 1 tested must rule passed; 1 rule with a violated should",
        ),
        ([a_check(status=Status.FAILED)], Level.MUST, "0 of 1 tested must rule passed; 1 failed"),
        (
            [a_check(status=Status.FAILED), a_check("OR-PAG-02", Status.FAILED), a_check("OR-PAG-07", Status.WARNED)],
            Level.MUST,
            "1 of 3 tested must rules passed; 2 failed; 1 rule with a violated should",
        ),
        (
            [a_check(status=Status.NOT_JUDGED, cause=Cause.KIT_ERROR, message="error of the kit")],
            Level.MUST,
            "The kit failed, please report it; 0 of 0 tested must rules passed; 1 not tested: error of the kit 1",
        ),
    ],
)
def test_the_last_line_is_the_verdict(checks: list[Check], fail_on: Level, verdict: str) -> None:
    assert printed(a_report(*checks), fail_on).strip().splitlines()[-1] == verdict


def test_a_tenant_that_could_not_be_judged_is_never_said_to_hold() -> None:
    report = a_report(a_check(status=Status.NOT_JUDGED, cause=Cause.NO_RESPONSE), unjudged="nobody answers")
    assert printed(report).strip().splitlines()[-1] == NONE_TESTED


def test_forty_operations_with_one_cause_are_one_block_with_one_curl_line() -> None:
    evidence = (Evidence("GET /orgs", curl="curl -sS https://sis.example/orgs?limit=1"),)
    checks = [
        a_check(status=Status.FAILED, operation_id=f"getThing{number}", message="same", evidence=evidence)
        for number in range(40)
    ]
    text = printed(a_report(*checks))
    assert text.count("must OR-PAG-01") == 1
    assert text.count("curl -sS") == 1
    assert "getThing0, getThing1, getThing2, getThing3 and 36 more: same" in text


def test_findings_that_differ_in_details_are_summed_up() -> None:
    checks = [
        a_check(status=Status.FAILED, operation_id=f"getThing{number}", message=f"{number} rows") for number in range(9)
    ]
    expected = "same violation in 6 more operations: getThing3, getThing4, getThing5, getThing6, ..."
    assert expected in printed(a_report(*checks))


def test_lines_to_copy_are_not_wrapped() -> None:
    curl = f"curl -sS https://sis.example/orgs?filter={'x' * 200}"
    text = printed(a_report(a_check(status=Status.FAILED, evidence=(Evidence(curl=curl),))))
    assert curl in text


def test_what_a_tenant_sends_is_printed_and_not_interpreted() -> None:
    evidence = (Evidence(ids=("[bold]o-1[/bold]", "[/]")),)
    text = printed(a_report(a_check(status=Status.FAILED, message="to [red]o-2[/red]", evidence=evidence)))
    assert "[bold]o-1[/bold], [/]" in text
    assert "to [red]o-2[/red]" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_wraps_between_words_on_a_terminal_and_commands_do_not(width: int) -> None:
    message = "the total counts the rows of a page " * 4
    evidence = (Evidence("GET /orgs", curl=f"curl -sS https://sis.example/orgs?filter={'x' * 130}"),)
    report = a_report(a_check("OR-PAG-05", Status.FAILED, message=message.strip(), evidence=evidence))
    out = io.StringIO()
    terminal.print_report(Summary.of(report), Console(file=out, width=width, force_terminal=True, color_system=None))
    lines = out.getvalue().splitlines()
    long = [line for line in lines if len(line.rstrip()) > width]
    assert [line for line in long if TARGET.base_url not in line] == [f"    {evidence[0].curl}"]
    assert set(message.split()) <= {word for line in lines for word in line.split()}


def test_evidence_without_a_command_shows_the_request() -> None:
    evidence = (Evidence("PUT /categories/c-1", ids=("c-1",)),)
    assert "    PUT /categories/c-1\n" in printed(a_report(a_check(status=Status.OPEN, evidence=evidence)))


def test_each_violation_to_fix_first_has_its_fix() -> None:
    rule = next(each for each in catalogue() if each.id == "OR-PAG-05")
    assert rule.fix in printed(a_report(a_check(rule.id, Status.FAILED)))


def test_a_report_of_a_tenant_that_was_not_read_is_the_cause_alone() -> None:
    checks = [a_check(f"OR-PAG-{number:02}", Status.NOT_JUDGED, cause=Cause.NO_RESPONSE) for number in range(50)]
    report = replace(a_report(*checks, unjudged="nobody answers"), repeat="oneroster check --seed 7")
    lines = printed(report).strip().splitlines()
    assert lines[-1] == NONE_TESTED.replace("1 rule", "50 rules")
    assert len([line for line in lines if line]) == 4
    page = html.render(Summary.of(report))
    assert "nobody answers" in page
    for heading in ("Conformance by family", "What the server offers", "exercised", "checks hold"):
        assert heading not in page


def test_a_run_with_requests_that_got_no_response_says_how_many() -> None:
    target = replace(TARGET, unanswered={"HTTP 503": 3, "no complete response": 1})
    report = replace(a_report(a_check()), target=target)
    said = "42 requests in 1.5 s, of which 4 got no response of the API (HTTP 503 3 times, no complete response 1 time)"
    assert said in printed(report)
    silent = replace(report, target=replace(target, requests=4))
    assert "4 requests in 1.5 s, without a response of the API (HTTP 503 3 times, no" in printed(silent)
    assert "HTTP 503 3 times" in html.render(Summary.of(report))


def test_many_violations_get_advice_what_to_fix_first() -> None:
    checks = [a_check(f"OR-PAG-0{number}", Status.FAILED) for number in range(1, 4)]
    text = printed(a_report(*checks))
    assert "Fix first" in text
    assert "in this order" not in text
    widest = [a_check("OR-PAG-05", Status.FAILED, operation_id=f"getThing{number}") for number in range(9)]
    text = printed(a_report(*checks, *widest))
    first = text.split("Fix first")[1].strip().splitlines()[0]
    assert first.startswith("OR-PAG-05")
    assert "and 1 more in this order, each with its fix: --report-html FILE" in text


def test_a12_what_is_refused_is_listed_apart_from_what_is_not_offered() -> None:
    operations = tuple(
        OperationSeen(f"get{number}", "rostering", "GET", "/orgs", offer, 1, None, None, (), ())
        for number, offer in enumerate(("offered", "refused", "not offered", "not asked"))
    )
    report = replace(a_report(a_check()), operations=operations)
    text = printed(report)
    assert "offered: 1 of 4 operations\nrefused: get1\nnot offered: get2\nnot asked: 1 operation\n" in text
    page = html.render(Summary.of(report))
    assert "not offered: get2; refused with these credentials: get1; not asked: 1" in page


def test_a18_what_to_fix_first_is_what_harms_most() -> None:
    harms = [Harm.FORM, Harm.VALUES, Harm.PRIVACY, Harm.ACCESS, Harm.ROWS]
    checks = [
        a_check(f"OR-PAG-0{number}", Status.FAILED, harm=harm, operation_id=f"getThing{operation}")
        for number, harm in enumerate(harms)
        # The least harmful are the broadest.
        for operation in range(9 - number)
    ]
    groups = Summary.of(a_report(*checks)).fix_first
    assert [group.first.harm for group in groups] == list(Harm)


def test_a_rule_that_is_violated_at_two_levels_is_fixed_once() -> None:
    checks = [
        a_check("OR-ACC-01", Status.WARNED, level=Level.SHOULD, operation_id="getOrg"),
        a_check("OR-ACC-01", Status.FAILED, operation_id="getAllOrgs"),
    ]
    (group,) = Summary.of(a_report(*checks)).fix_first
    assert [each.operation_id for each in group.checks] == ["getAllOrgs", "getOrg"]


def test_open_points_and_what_is_not_judged_are_told_apart_from_failures() -> None:
    text = printed(
        a_report(
            a_check(status=Status.OPEN, level=Level.OPEN, message="email is null in 3 of 9 records"),
            a_check("OR-PAG-02", Status.NOT_JUDGED, cause=Cause.NOT_OFFERED, message="not offered (HTTP 404)"),
        )
    )
    assert "Open points" in text
    assert "email is null in 3 of 9 records" in text
    assert "1 check not judged (not offered): not offered (HTTP 404)" in text
    assert text.strip().endswith("passed; 1 not tested: not offered 1")


def test_every_report_says_on_how_many_operations_each_rule_was_exercised() -> None:
    cut = a_check("OR-PAG-02", Status.NOT_JUDGED, cause=Cause.BUDGET, message="all requests are spent")
    report = a_report(a_check(), replace(a_check(), operation_id="getAllUsers"), cut)
    text, page = printed(report), html.render(Summary.of(report))
    assert "paging: PAG-01 2, PAG-02 0" in text
    assert "OR-PAG-02 on 1 operation" in text
    assert "OR-PAG-01&nbsp;2, OR-PAG-02&nbsp;0" in page
    assert "OR-PAG-02 on 1 operation" in page
    assert json_report.as_json(Summary.of(report))["rules"][1] == {
        "rule": "OR-PAG-02",
        "exercised": 0,
        "not_judged": 1,
        "cut": 1,
    }


def test_each_family_has_its_line_with_rules_and_numbers() -> None:
    text = printed(a_report(a_check(), a_check("OR-PAG-02", Status.FAILED), a_check("OR-ENV-01", family="envelope")))
    lines = [line.split() for line in text.splitlines()]
    assert ["family", "rules", "passed", "failed", "warned", "not", "judged", "holds"] in lines
    assert ["envelope", "1", "1", "0", "0", "0", "100", "%"] in lines
    assert ["paging", "2", "1", "1", "0", "0", "50", "%"] in lines


@pytest.mark.parametrize("width", range(40, 121, 4))
def test_headings_and_numbers_of_the_scores_do_not_break(width: int) -> None:
    scores = [Score(family, 150, 4000, 1200, 1100, 300, 2600) for family in FAMILIES]
    console = Console(width=width, file=io.StringIO())
    console.print(terminal._scores("family", scores, width))
    assert isinstance(console.file, io.StringIO)
    head, *rows = console.file.getvalue().splitlines()
    assert {"family", "passed", "failed", "warned", "holds"} <= set(head.split())
    assert len(rows) == len(scores)


def test_the_code_in_a_fix_is_shown_as_code() -> None:
    page = html.render(Summary.of(a_report(a_check("OR-ENV-03", Status.FAILED))))
    assert "<code>Content-Type: application/json</code> with every body" in page
    assert "`" not in page
