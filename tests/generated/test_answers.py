"""Answers that are no success, no JSON, or empty: what raises, and what the error says."""

import asyncio
import json
from typing import Any

import pytest

import oneroster_v1p2
from oneroster_runtime.status import parse_status_info
from oneroster_v1p1 import Client, DecodeError, OneRosterError, Response, StatusError, TransportError, WriteError
from oneroster_v1p1.api.gradebook import delete_result, put_result
from oneroster_v1p1.api.rostering import get_all_orgs, get_org
from oneroster_v1p1.models import OrgPage, SingleResult
from oneroster_v1p2.api.rostering import get_all_orgs as get_all_orgs_of_1_2
from tests.generated.loopback import Loopback, call

STYLES = ("sync", "asyncio")
ORG = {
    "sourcedId": "o-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "name": "N",
    "type": "school",
}
FAILURE = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_codeMinor": "unknown object"}
RESULT = {
    "sourcedId": "r-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "lineItem": {"href": "x", "sourcedId": "1", "type": "lineItem"},
    "student": {"href": "x", "sourcedId": "1", "type": "user"},
    "scoreStatus": "submitted",
    "score": 1,
    "scoreDate": "2024-08-01",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("status", "body", "codes", "told"),
    [
        (404, {"statusInfoSet": [FAILURE]}, ["unknown object"], " (unknown object)"),
        (
            404,
            {"statusInfoSet": [FAILURE | {"imsx_codeMinor": "UnknownObject"}]},
            ["UnknownObject"],
            " (unknown object)",
        ),
        # A code that the contract does not have may be a word of the request, and so a child's name.
        (422, {"statusInfoSet": [FAILURE | {"imsx_codeMinor": "Erika Example"}]}, ["Erika Example"], ""),
        (500, b"<html>Sorry</html>", [], ""),
        (520, b"", [], ""),
        (599, b"\xff\xfe", [], ""),
        (302, b"", [], ""),
        (304, b"", [], ""),
        (401, {"error": "invalid_token", "error_description": "expired"}, ["invalid_token"], ""),
    ],
)
def test_an_error_status_raises_with_what_the_server_says(
    loopback: Loopback, status: int, body: object, codes: list[str], told: str, style: str
) -> None:
    loopback.answers(body, status=status, Content_Type="text/html", Location="/elsewhere")
    base_url = loopback.base_url.replace("://", "://user:password@")
    with pytest.raises(StatusError) as caught:
        call(base_url, "getOrg", style, id="o/1")
    error = caught.value
    assert type(error.status_code) is int
    assert (error.status_code, error.operation_id, error.method, error.path) == (status, "getOrg", "GET", "/orgs/o%2F1")
    assert error.url == f"{loopback.base_url}/orgs/o%2F1"
    assert [entry.imsx_code_minor for entry in error.status_info] == codes
    # Without a code of the standard, the declared type says that the response is not from a OneRoster service.
    assert str(error) == f"getOrg: GET {error.url} was answered with {status}{told or ' (text/html)'}."


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("status", [200, 204, 299, 301, 404, 520])
def test_detailed_functions_return_any_status(loopback: Loopback, status: int, style: str) -> None:
    loopback.answers(None if status == 204 else {"orgs": [ORG]}, status=status, X_Total_Count="1")
    response: Response[OrgPage] = call(loopback.base_url, "getAllOrgs", f"{style}_detailed")
    assert (response.status_code, type(response.status_code)) == (status, int)
    assert response.headers["x-total-count"] == "1"
    assert response.is_success == (status < 300)
    if status == 204:
        assert response.result().orgs == []
    elif response.is_success:
        assert [org.sourced_id for org in response.result().orgs] == ["o-1"]
        assert json.loads(response.content) == {"orgs": [ORG]}
    else:
        assert response.parsed is None
        with pytest.raises(StatusError):
            response.result()


@pytest.mark.parametrize("style", [*STYLES, "sync_detailed", "asyncio_detailed"])
@pytest.mark.parametrize(
    ("operation_id", "body", "reason"),
    [
        ("getAllOrgs", b"<html>Please log in</html>", "the body is not JSON"),
        ("getAllOrgs", b'{"orgs": [', "the body is not JSON"),
        ("getAllOrgs", b"[" * 100_000, "the body is not JSON"),
        ("getAllOrgs", [ORG, 7], r"orgs\[1\] is not a JSON object but a number"),
        ("getAllOrgs", {"statusInfoSet": [FAILURE]}, "there is no orgs in it"),
        ("getOrg", b"", "the body is empty"),
        ("getOrg", b"null", "the body is not a JSON object but null"),
        ("getOrg", {"org": "o-1"}, "org is not a JSON object but a string"),
    ],
)
def test_a_success_that_cannot_be_read_raises(
    loopback: Loopback, operation_id: str, body: object, reason: str, style: str
) -> None:
    loopback.answers(body, Content_Type="text/html; charset=utf-8")
    given = {"id": "o-1"} if operation_id == "getOrg" else {}
    message = rf"^The response to {operation_id} \(HTTP 200, declared as text/html\) cannot be read: {reason}\.$"
    with pytest.raises(DecodeError, match=message) as caught:
        call(loopback.base_url, operation_id, style, **given)
    assert (caught.value.operation_id, caught.value.media_type) == (operation_id, "text/html")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("status", "body"), [(204, None), (200, {"orgs": []}), (200, {"orgs": None})])
def test_an_empty_collection_comes_in_several_shapes(loopback: Loopback, status: int, body: object, style: str) -> None:
    loopback.answers(body, status=status)
    assert call(loopback.base_url, "getAllOrgs", style).orgs == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("body", [b"", b"  \r\n"])
def test_a_200_without_a_body_is_no_empty_collection(loopback: Loopback, body: bytes, style: str) -> None:
    loopback.answers(body)
    with pytest.raises(DecodeError, match=r"the body is empty"):
        call(loopback.base_url, "getAllOrgs", style)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"orgs": [{"sourcedId": "o-1", "x": 1}]}',
        b'{"orgs": [{"sourcedId": "o-1", "x": NaN}]}',
        b'{"orgs": [{"sourcedId": "o-1", "x": "\\ud800"}]}',
        b'{"orgs": [{"sourcedId": "o-1", "x": 1e400}]}',
    ],
)
def test_json_of_lenient_servers_is_read(loopback: Loopback, body: bytes) -> None:
    loopback.answers(body, Content_Type="text/plain")
    assert call(loopback.base_url, "getAllOrgs", "sync").orgs[0].sourced_id == "o-1"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("body", [None, b"<html>Stored</html>", {"sourcedId": "r-1"}, {"result": RESULT}])
def test_a_write_is_done_whatever_the_server_repeats(loopback: Loopback, status: int, body: object, style: str) -> None:
    loopback.answers(None if status == 204 else body, status=status)
    sent = SingleResult.from_dict({"result": RESULT})
    found = call(loopback.base_url, "putResult", style, id="r-1", body=sent)
    echoed = status != 204 and isinstance(body, dict)
    assert (found is not None) == echoed
    assert call(loopback.base_url, "deleteResult", style, id="r-1") is None
    assert [(seen.method, seen.target) for seen in loopback.seen] == [
        (method, "/ims/oneroster/v1p1/results/r-1") for method in ("PUT", "DELETE")
    ]


SHAPES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"statusInfoSet": [FAILURE, FAILURE]}, [FAILURE, FAILURE]),
    ({"statusInfoSet": FAILURE}, [FAILURE]),
    (FAILURE, [FAILURE]),
    ({"imsx_StatusInfo": FAILURE}, [FAILURE]),
    (
        {
            "imsx_codeMajor": "failure",
            "imsx_severity": "error",
            "imsx_CodeMinor": {
                "imsx_codeMinorField": [
                    {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unknownobject"}
                ]
            },
        },
        [FAILURE | {"imsx_codeMinor": "unknownobject"}],
    ),
    ({"errors": [{"codeMajor": "failure", "severity": "error", "codeMinor": "unknown object"}]}, [FAILURE]),
    (
        {"warnings": [{"codeMajor": "success", "codeMinor": "invalid_sort_field"}]},
        [{"imsx_codeMajor": "success", "imsx_severity": "warning", "imsx_codeMinor": "invalid_sort_field"}],
    ),
    ({"CodeMajor": "failure", "Severity": "error", "CodeMinor": "unknown object"}, [FAILURE]),
    ({"codeMajor": "failure", "severity": "error", "codeMinor": "unknown object"}, [FAILURE]),
    (
        {"error": "invalid_client", "error_description": "Who?"},
        [
            {
                "imsx_codeMajor": "failure",
                "imsx_severity": "error",
                "imsx_codeMinor": "invalid_client",
                "imsx_description": "Who?",
            }
        ],
    ),
    ({"error": {"code": 404}}, []),
    ({"message": "Not found"}, []),
    ({"statusInfoSet": ["text", None, 7]}, []),
    ({"errors": {"sort": "text"}}, [{"imsx_severity": "error", "sort": "text"}]),
]


@pytest.mark.parametrize(("body", "expected"), SHAPES)
def test_the_words_of_a_server_are_read_from_every_shape_seen(body: dict[str, Any], expected: list[object]) -> None:
    assert [entry.to_dict() for entry in parse_status_info(body)] == expected


def test_bodies_that_are_no_objects_say_nothing() -> None:
    for body in (None, [], "text", 7):
        assert parse_status_info(body) == []


def test_a_warning_beside_the_data_is_exposed_and_raises_nothing(loopback: Loopback) -> None:
    warning = {"imsx_codeMajor": "success", "imsx_severity": "warning", "imsx_codeMinor": "invalid_sort_field"}
    loopback.answers({"orgs": [ORG], "statusInfoSet": [warning]})
    with Client(loopback.base_url) as client:
        response = get_all_orgs.sync_detailed(client=client, sort="nmae")
    assert [entry.to_dict() for entry in response.status_info] == [warning]
    page = response.result()
    assert page.status_info_set is not None
    assert page.status_info_set[0].imsx_code_minor == "invalid_sort_field"


@pytest.mark.parametrize("sourced_id", ["", ".", "..", None, 7])
def test_an_id_that_leads_elsewhere_is_refused_before_anything_is_sent(loopback: Loopback, sourced_id: Any) -> None:
    with Client(loopback.base_url) as client:
        for refused in (get_org.sync, delete_result.sync):
            with pytest.raises(WriteError, match=": id must "):
                refused(client=client, id=sourced_id)
    assert loopback.seen == []


@pytest.mark.parametrize("sourced_id", ["...", "a/../b", "%2e%2e", "\u2028", "☃", "a\\..\\b", " ", "%"])
def test_an_id_of_any_characters_arrives_as_it_is(loopback: Loopback, sourced_id: str) -> None:
    from urllib.parse import unquote

    loopback.answers({"org": ORG})
    call(loopback.base_url, "getOrg", "sync", id=sourced_id)
    path = loopback.seen[0].target.removeprefix("/ims/oneroster/v1p1/orgs/")
    assert "/" not in path
    assert unquote(path) == sourced_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "10"),
        ("limit", True),
        ("offset", 1.0),
        ("order_by", "acs"),
        ("sort", 1),
        ("fields", ["a"]),
        ("sort", "\ud800"),
    ],
)
def test_a_parameter_of_a_wrong_type_is_refused(loopback: Loopback, name: str, value: Any) -> None:
    with (
        Client(loopback.base_url) as client,
        pytest.raises(WriteError, match=r"^getAllOrgs: \w+ (must|contains)") as caught,
    ):
        get_all_orgs.sync(client=client, **{name: value})
    assert str(value) not in str(caught.value).replace("must be a str", "")
    assert loopback.seen == []


def test_a_body_that_must_not_be_written_is_refused_before_anything_is_sent(loopback: Loopback) -> None:
    wrapped = SingleResult.from_dict({"result": RESULT | {"scoreStatus": "lost"}})
    with Client(loopback.base_url) as client:
        with pytest.raises(WriteError, match=r"result\.scoreStatus has a value that ScoreStatus does not list"):
            put_result.sync(client=client, id="r-1", body=wrapped)
        unspeakable = SingleResult.from_dict({"result": RESULT | {"comment": "\ud800"}})
        with pytest.raises(WriteError, match="putResult: body contains something that JSON cannot represent"):
            put_result.sync(client=client, id="r-1", body=unspeakable)
    assert loopback.seen == []


def test_blanks_stay_percent_encoded_beside_parameters_of_the_connection(loopback: Loopback) -> None:
    loopback.answers({"orgs": []})
    with Client(loopback.base_url, httpx_args={"params": {"appName": "a b"}}) as client:
        get_all_orgs.sync(client=client, filter="name='a b+c'")
    assert loopback.seen[0].target.endswith("/orgs?appName=a%20b&filter=name%3D%27a%20b%2Bc%27")


@pytest.mark.parametrize("style", STYLES)
def test_a_refused_connection_is_an_error_of_the_package_without_query_and_credentials(style: str) -> None:
    base_url = "http://me:s3cret@127.0.0.1:1/ims/oneroster/v1p1"
    with pytest.raises(TransportError) as told:
        call(base_url, "getAllOrgs", style, filter="name='Ada'")
    assert isinstance(told.value, OneRosterError)
    assert str(told.value).startswith("getAllOrgs: http://127.0.0.1:1 sent no complete response (no connection: ")
    assert "s3cret" not in str(told.value)
    assert told.value.__cause__ is told.value.__context__ is None


@pytest.mark.parametrize("style", ["sync", "sync_detailed", "asyncio", "asyncio_detailed"])
def test_a_refused_connection_is_the_same_error_in_the_package_of_1_2(style: str) -> None:
    function, base_url = getattr(get_all_orgs_of_1_2, style), "http://127.0.0.1:1/ims/oneroster/rostering/v1p2"

    async def awaited() -> None:
        async with oneroster_v1p2.Client(base_url, verify_ssl=False) as client:
            await function(client=client)

    def called() -> None:
        with oneroster_v1p2.Client(base_url, verify_ssl=False) as client:
            function(client=client)

    with pytest.raises(TransportError, match=r"getAllOrgs: http://127\.0\.0\.1:1 sent no complete response"):
        asyncio.run(awaited()) if style.startswith("asyncio") else called()
    assert oneroster_v1p2.TransportError is TransportError
