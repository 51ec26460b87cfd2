"""The reports as JUnit XML, GitHub annotations and HTML page, and the comparison with an older report."""

import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from oneroster.contract.catalogue import catalogue
from oneroster.contract.levels import Level
from oneroster.contract.reports import RENDERERS, github, html, json_report, junit
from oneroster.contract.reports.comparison import OldReportError, compare, read_old_report
from oneroster.contract.reports.summary_model import Summary
from oneroster.contract.reports.terminal import print_report
from oneroster.contract.result import Cause, Check, CheckReport, Evidence, OperationSeen, Status
from oneroster.contract.rule import FAMILIES
from tests.contract_kit.reports.test_reports import TARGET, a_check, a_report, summary_of

HOSTILE = "</script><b>&\"' ::error:: %0A\x00\x1b[31m\nnext"
BROKEN = a_check(
    status=Status.FAILED,
    message="limit=2 brought 9 rows",
    evidence=(Evidence("GET /orgs", ids=("o-1",), curl="curl -sS https://sis.example/orgs"),),
)
WARNED = a_check("OR-PAG-07", Status.WARNED, message="past the end: HTTP 404 instead of 200")
KIT_ERROR = a_check("OR-PAG-02", Status.NOT_JUDGED, cause=Cause.KIT_ERROR, message="error of the kit")
NOT_JUDGED = a_check("OR-PAG-03", Status.NOT_JUDGED, cause=Cause.EXPLAINED, message="explained by OR-PAG-01")
HOLDS = a_check("OR-ENV-01", family="envelope")
SEEN = OperationSeen(
    "getAllOrgs", "rostering", "GET", "/orgs", "offered", 4, 0.002, 1.5, ("limit", "offset"), ("limit",)
)


def cases(report: CheckReport, fail_on: Level = Level.MUST) -> dict[str, ET.Element]:
    root = ET.fromstring(junit.render(Summary.of(report, fail_on)))  # noqa: S314  # our own output
    return {str(case.get("name")).split(" ")[0]: case for case in root.iter("testcase")}


def test_junit_has_a_suite_for_each_family_and_counts_what_failed() -> None:
    root = ET.fromstring(junit.render(summary_of(BROKEN, WARNED, KIT_ERROR, NOT_JUDGED, HOLDS)))  # noqa: S314  # our own output
    assert [suite.get("name") for suite in root.iter("testsuite")] == ["envelope", "paging"]
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }


def test_junit_fails_on_what_the_run_fails_on() -> None:
    report = a_report(BROKEN, WARNED)
    assert cases(report)["OR-PAG-07"].find("failure") is None
    assert "HTTP 404" in str(cases(report)["OR-PAG-07"].findtext("system-out"))
    assert cases(report, Level.SHOULD)["OR-PAG-07"].find("failure") is not None
    failure = cases(report)["OR-PAG-01"].find("failure")
    assert failure is not None
    assert failure.get("message") == "limit=2 brought 9 rows"
    assert "curl -sS https://sis.example/orgs" in str(failure.text)


def test_an_error_of_the_kit_is_an_error_and_no_pass() -> None:
    assert cases(a_report(KIT_ERROR))["OR-PAG-02"].find("error") is not None


def test_junit_has_an_error_where_the_tenant_could_not_be_judged() -> None:
    root = ET.fromstring(junit.render(Summary.of(a_report(NOT_JUDGED, unjudged="nobody answers"))))  # noqa: S314  # our own output
    error = root.find(".//error")
    assert error is not None
    assert str(error.get("message")).startswith("Could not be judged: nobody answers")
    assert root.get("errors") == "1"


def test_junit_can_hold_whatever_a_tenant_sends() -> None:
    case = cases(a_report(a_check(status=Status.FAILED, message=HOSTILE)))["OR-PAG-01"]
    failure = case.find("failure")
    assert failure is not None
    assert str(failure.get("message")).startswith("</script><b>&")


def test_github_is_told_each_broken_rule_once() -> None:
    others = [a_check(status=Status.FAILED, operation_id=f"getThing{number}", message="same") for number in range(3)]
    lines = github.render(summary_of(BROKEN, *others, WARNED)).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::error"]
    assert "getThing0, getThing1, getThing2: same" in lines[0]
    assert github.render(summary_of(WARNED, fail_on=Level.SHOULD)).startswith("::error title=should OR-PAG-07::")
    assert github.render(summary_of(HOLDS)).startswith("::notice")


def test_a_tenant_cannot_give_github_commands() -> None:
    text = github.render(summary_of(a_check(status=Status.FAILED, message=HOSTILE)))
    assert len(text.splitlines()) == 2
    assert "%250A" in text


def test_the_page_escapes_whatever_a_tenant_sends() -> None:
    evidence = (Evidence(curl=HOSTILE, ids=(HOSTILE,), pointer=HOSTILE, count=1, of=2),)
    page = html.render(summary_of(a_check(status=Status.FAILED, message=HOSTILE, evidence=evidence)))
    assert "</script>" not in page
    assert page.count("&lt;/script&gt;&lt;b&gt;") == 4


def test_the_page_needs_nothing_else() -> None:
    page = html.render(summary_of(BROKEN))
    assert "<script" not in page
    assert "src=" not in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_page_shows_every_finding_with_its_rule() -> None:
    rule = next(each for each in catalogue() if each.id == "OR-PAG-01")
    report = CheckReport("0.1.0", TARGET, (BROKEN, WARNED, NOT_JUDGED), 7, None, (SEEN,))
    page = html.render(Summary.of(report))
    for text in ("; 1 failed", BROKEN.message, WARNED.message, "explained by OR-PAG-01"):
        assert text in page
    assert html.render(summary_of(BROKEN)).count(rule.clause.split(" [")[0]) >= 1
    assert "<s>offset</s>" in page
    assert "1,500" in page


def test_the_page_shows_leftovers_and_how_to_repeat_the_run() -> None:
    report = replace(a_report(HOLDS), leftovers=("DELETE /categories/c-1",), repeat="oneroster check --seed 7")
    page = html.render(Summary.of(report))
    assert "DELETE /categories/c-1" in page
    assert "oneroster check --seed 7" in page
    assert "leftovers" not in html.render(summary_of(HOLDS))


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_every_form_holds_a_run_that_judged_nothing(form: str) -> None:
    assert RENDERERS[form](Summary.of(a_report(unjudged="nobody answers")))


def old_report(path: Path, *checks: Check) -> Path:
    path.write_text(json_report.render(summary_of(*checks)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("was", "now", "better", "worse", "still"),
    [
        (Status.FAILED, Status.PASSED, 1, 0, 0),
        (Status.PASSED, Status.FAILED, 0, 1, 0),
        (Status.WARNED, Status.FAILED, 0, 1, 1),
        (Status.FAILED, Status.WARNED, 1, 0, 1),
        (Status.NOT_JUDGED, Status.FAILED, 0, 1, 0),
        (Status.FAILED, Status.NOT_JUDGED, 0, 0, 0),
        (Status.NOT_JUDGED, Status.PASSED, 0, 0, 0),
        (Status.FAILED, Status.FAILED, 0, 0, 1),
        (None, Status.FAILED, 0, 1, 0),
        (None, Status.PASSED, 0, 0, 0),
    ],
)
def test_what_got_better_and_worse(
    tmp_path: Path, was: Status | None, now: Status, better: int, worse: int, still: int
) -> None:
    old = read_old_report(old_report(tmp_path / "old.json", *([a_check(status=was)] if was else [])))
    changes = compare(old, a_report(a_check(status=now)))
    assert (len(changes.better), len(changes.worse), changes.unchanged) == (better, worse, still)


def test_what_another_finding_hid_is_no_change_when_it_shows(tmp_path: Path) -> None:
    hidden = a_check(status=Status.NOT_JUDGED, cause=Cause.EXPLAINED, message="explained by OR-ERR-08")
    old = read_old_report(old_report(tmp_path / "old.json", hidden))
    assert compare(old, a_report(BROKEN)).headline() == "0 better, 0 worse, 0 still violated"


def test_of_several_findings_the_gravest_counts(tmp_path: Path) -> None:
    old = read_old_report(old_report(tmp_path / "old.json", BROKEN, a_check(status=Status.WARNED)))
    assert (
        compare(old, a_report(a_check(status=Status.WARNED), BROKEN)).headline()
        == "0 better, 0 worse, 1 still violated"
    )


def test_a_report_of_another_tenant_is_told(tmp_path: Path) -> None:
    path = old_report(tmp_path / "old.json", BROKEN)
    members = json.loads(path.read_text(encoding="utf-8"))
    members["target"]["base_url"] = "https://other.example"
    path.write_text(json.dumps(members), encoding="utf-8")
    assert "of another tenant, https://other.example" in compare(read_old_report(path), a_report(BROKEN)).headline()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 2, "target": {"base_url": "Ada"}, "checks": 1}']
)
def test_what_is_no_report_is_refused_without_quoting_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "old.json").write_bytes(content)
    with pytest.raises(OldReportError, match=r"old\.json is not a report") as error:
        read_old_report(tmp_path / "old.json")
    assert "Ada" not in str(error.value)
    with pytest.raises(OldReportError, match="cannot read"):
        read_old_report(tmp_path / "none.json")


@pytest.mark.parametrize(("form", "said"), [(None, r"run the check again with --report-json"), (4, "has format 4")])
def test_a_report_of_another_form_is_refused_with_what_to_do(tmp_path: Path, form: int | None, said: str) -> None:
    path = old_report(tmp_path / "old.json", BROKEN)
    members = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(members | {"format": form} if form else {**members, "format": None}), encoding="utf-8")
    with pytest.raises(OldReportError, match=said):
        read_old_report(path)
    del members["format"]
    path.write_text(json.dumps(members), encoding="utf-8")
    with pytest.raises(OldReportError, match="the form of an older version"):
        read_old_report(path)


def test_scores_count_each_check_once() -> None:
    summary = summary_of(BROKEN, WARNED, KIT_ERROR, NOT_JUDGED, HOLDS)
    assert (
        sum(
            score.passed + score.failed + score.warned + score.accepted + score.not_judged for score in summary.families
        )
        == 5
    )
    (endpoint,) = summary.operations
    assert (endpoint.judged, endpoint.percent) == (3, 33)


def test_a_must_on_many_operations_is_fixed_first() -> None:
    many = [a_check("OR-PAG-05", Status.FAILED, operation_id=f"getThing{number}") for number in range(9)]
    first = summary_of(WARNED, BROKEN, *many).fix_first
    assert [group.first.id for group in first] == ["OR-PAG-05", "OR-PAG-01", "OR-PAG-07"]


def test_a_run_is_summed_up_once_for_all_its_forms(tmp_path: Path) -> None:
    class CountingReport(CheckReport):
        read = 0

        def __getattribute__(self, name: str) -> object:
            if name == "checks":
                CountingReport.read += 1
            return super().__getattribute__(name)

    older = read_old_report(old_report(tmp_path / "old.json", BROKEN))
    summary = Summary.of(CountingReport("0.1.0", TARGET, (BROKEN, WARNED, NOT_JUDGED), 7), Level.MUST, older)
    assert summary.comparison == compare(older, summary.report)
    CountingReport.read = 0
    for render in RENDERERS.values():
        render(summary)
    print_report(summary, Console(file=io.StringIO()))
    # JSON and JUnit list the checks one by one; nothing else goes through them again.
    assert CountingReport.read <= 1 + len(FAMILIES)
