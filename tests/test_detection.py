"""The version that a tenant speaks: set, named by its URL, or found out by requests."""

import json
from typing import Any

import httpx
import pytest

from oneroster.detection import detect_standard
from oneroster.errors import ConfigurationError
from oneroster.sandbox import Sandbox
from oneroster.settings import Settings
from oneroster.standard import Standard
from tests.tenant_1_2 import SPECIFICATION, tenant
from tests.web import Answer, Seen, serve

ROOT = "https://sis.example/ims/oneroster"
FIRST, SECOND = SPECIFICATION.discovery["rostering"]
SESSION = Standard.of("1.1").document()["components"]["examples"]["AcademicSessions"]["value"]
OAUTH_1 = {"client_id": "key", "client_secret": "s3cret"}


@pytest.mark.parametrize(
    ("settings", "version", "source"),
    [
        (Settings(f"{ROOT}/rostering/v1p2", token="t", standard="1.2"), "1.2", "the setting standard"),
        (Settings(f"{ROOT}/v1p1", token="t"), "1.1", "the path of base_url"),
        (Settings(f"{ROOT}/rostering/v1p2", token="t"), "1.2", "the path of base_url"),
        (Settings(ROOT, **OAUTH_1), "1.1", "access by oauth1"),
    ],
)
def test_settings_decide_without_a_request(settings: Settings, version: str, source: str) -> None:
    found = detect_standard(settings)
    assert (found.standard.version, found.source, found.certain) == (version, source, True)
    assert str(found) == f"OneRoster {version} ({source})"


@pytest.mark.parametrize(
    "settings", [Settings(ROOT, **OAUTH_1, standard="1.2"), Settings(f"{ROOT}/gradebook/v1p2", **OAUTH_1)]
)
def test_oauth_1_with_1_2_is_one_clear_error(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"^OneRoster 1\.2, by .*, has no access by oauth1: give the token"):
        detect_standard(settings)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'3\.0' is not supported; supported versions: 1\.1, 1\.2"):
        detect_standard(Settings(ROOT, token="t", standard="3.0"))


def answered(**paths: Answer) -> Any:
    """Return a server that answers requests whose path ends in a name, and 404 otherwise."""
    ends = {name.replace("__", "/"): answer for name, answer in paths.items()}

    def answer(seen: Seen) -> Answer:
        path = seen.path.partition("?")[0]
        return next((found for end, found in ends.items() if path.endswith(end)), Answer(404))

    return answer


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_a_discovery_document_tells_the_version_without_a_token(name: str) -> None:
    document = Answer(200, b'{"openapi": "3.0.0", "info": {"version": "1.2"}}')

    def answer(seen: Seen) -> Answer:
        return document if seen.path == f"/ims/oneroster/rostering/v1p2/discovery/{name}" else Answer(404)

    with serve(answer) as web:
        found = detect_standard(Settings(web.origin, token="t0ken"))
    assert (found.standard.version, found.certain) == ("1.2", False)
    assert found.source == f"its discovery document {web.origin}/ims/oneroster/rostering/v1p2/discovery/{name}"
    assert not any("authorization" in seen.headers for seen in web.seen)


def test_a_discovery_document_behind_a_token_is_read_with_it() -> None:
    def answer(seen: Seen) -> Answer:
        if not seen.path.endswith(FIRST):
            return Answer(404)
        return Answer(200, b'{"openapi": "3.0.0"}') if "authorization" in seen.headers else Answer(401)

    with serve(answer) as web:
        assert detect_standard(Settings(web.origin, token="t0ken")).standard.version == "1.2"
    assert len(web.seen) == 2


def test_a_read_tells_the_version() -> None:
    with serve(tenant()) as web:
        found = detect_standard(Settings(f"{web.origin}/ims/oneroster", token="t0ken"))
    assert (found.standard.version, found.source) == ("1.2", "its response to getAllAcademicSessions")
    with serve(answered(base__academicSessions=Answer(200, json.dumps(SESSION).encode()))) as web:
        found = detect_standard(Settings(f"{web.origin}/base", token="t0ken"))
    assert (found.standard.version, found.source) == ("1.1", "its response to getAllAcademicSessions")
    assert len(web.seen) <= 4


@pytest.mark.parametrize("answer", [Answer(404), Answer(401), Answer(200, b"<html>"), Answer(500)])
def test_a_tenant_that_tells_nothing_has_the_default(answer: Answer) -> None:
    with serve(lambda _: answer) as web:
        found = detect_standard(Settings(web.origin, token="t0ken"))
    assert (found.standard.version, found.certain) == ("1.1", False)


def test_a_tenant_that_cannot_be_reached_has_the_default() -> None:
    with serve(lambda _: Answer()) as web:
        pass
    assert detect_standard(Settings(web.origin, token="t0ken")).standard.version == "1.1"


@pytest.mark.parametrize(("spoken", "set_to", "path"), [("1.1", "1.2", "/ims/oneroster/v1p1"), ("1.2", "1.1", "")])
def test_a_version_that_the_server_contradicts_is_one_error(spoken: str, set_to: str, path: str) -> None:
    with Sandbox(standard=Standard.of(spoken)) as tenant:

        def answer(seen: Seen) -> Answer:
            told = httpx.get(
                f"{tenant.origin}{seen.path.replace('/root', path, 1)}",
                headers={"Authorization": f"Bearer {tenant.token}"},
                trust_env=False,
            )
            return Answer(told.status_code, told.content)

        with serve(answer) as web:
            settings = Settings(f"{web.origin}/root", token="t", standard=set_to)
            with pytest.raises(ConfigurationError, match=rf"does not answer as OneRoster {set_to}.* but as {spoken}"):
                detect_standard(settings)
            assert detect_standard(settings._replace(standard=spoken)).standard.version == spoken
            assert detect_standard(settings, send=False).standard.version == set_to
