"""The status payload of the sandbox has the form of the version that it serves."""

from typing import Any

from oneroster.sandbox.http.responses import Problem, Reply, error_reply, status_info_set
from oneroster.sandbox.http.status_forms import in_form_of
from oneroster.standard import Standard

OLD, NEW = Standard.of("1.1"), Standard.of("1.2")
REFUSED = error_reply(Problem(404, "unknown object", "no org"), operation_id="getOrg")


def test_the_old_form_stays() -> None:
    assert in_form_of(OLD, REFUSED) is REFUSED


def test_the_new_form_is_one_object_with_codes() -> None:
    warning = Problem(200, "invalid_sort_field", "no such field")
    found = in_form_of(NEW, error_reply(Problem(401, "unauthorized", "no token"), warning))
    field = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unauthorisedrequest"}
    assert (found.status, found.body) == (
        401,
        {
            "imsx_codeMajor": "failure",
            "imsx_severity": "error",
            "imsx_description": "no token",
            "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
        },
    )


def test_each_code_is_one_of_the_version() -> None:
    known = NEW.specification.enumerations["CodeMinor"]
    for code in (*OLD.specification.enumerations["CodeMinor"], "nonsense"):
        body: Any = in_form_of(NEW, error_reply(Problem(400, code, "text"))).body
        assert body["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"] in known


def test_there_are_no_warnings_beside_data() -> None:
    body = {"orgs": [], "statusInfoSet": status_info_set([Problem(200, "invalid_sort_field", "no such field")])}
    assert in_form_of(NEW, Reply(200, body)).body == {"orgs": []}
    assert in_form_of(NEW, Reply(200, b"[]")).body == b"[]"
