"""`OneRoster.make_roster_request` does what ClassLink's class does, odd cases included."""

from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest

from oneroster import OneRoster
from oneroster.classlink import authorization_header, split_url
from tests.web import Answer, serve

BASE = "https://example.oneroster.com/ims/oneroster/v1p1/users"
ROLE_AND_STATUS = {"filter": "status='active' AND role~'x'", "limit": "5"}


@pytest.mark.parametrize(
    ("query", "sent", "signature"),
    [
        ("", {}, "SwGnQi3+ljvf7KdWhzoUlmswwoiVRQeei7NSR1m6CEg="),
        ("?filter=role='student'&limit=2", {"filter": "role='student'", "limit": "2"},
         "yGCjVI+Qm5IDdeBTmliHqSkJd3FE/F/YiVxaVAFu4NA="),
        ("?", {"filter": ""}, "ROuGhi6AoC5jVmZkrSqPxfzEo3UXkSxmador2Vz6m34="),
        ("?sort", {"filter": ""}, "ROuGhi6AoC5jVmZkrSqPxfzEo3UXkSxmador2Vz6m34="),
        ("?a=1?b=2", {}, "SwGnQi3+ljvf7KdWhzoUlmswwoiVRQeei7NSR1m6CEg="),
        ("?fields=a%3Db", {"filter": "a=b"}, "hJWzTrD01icyfQwQoWOozwo8krUhr5tbvq8smVGcKiU="),
        ("?filter=familyName%3D%27O%26B%27", {"filter": "familyName='O&B'"},
         "Zitead3qG/VaIieZ8/DER/Hb//SnHTZU0FfWBreTTXs="),
        ("?filter=a='x'+AND+b='y'", {"filter": "a='x'+AND+b='y'"}, "JZAKQSbs3JbBFQEY5B1MZLrWxyCkkDdomjLWP+maKmo="),
        ("?limit=1&limit=2", {"limit": "2"}, "6cql6VSyFNLmsOebw3ndaJEhM/Vkzzz1DZDeOleUG8w="),
        ("?filter=status%3D%27active%27%20AND%20role~%27x%27&limit=5", ROLE_AND_STATUS,
         "2mDUhi/o3GN9OZI8N33l7gPK8hoF9/i7U21nQcZWlV4="),
    ],
)  # fmt: skip
def test_the_query_is_cut_and_signed_as_the_original_does(query: str, sent: dict[str, str], signature: str) -> None:
    address, parameters = split_url(BASE + query)
    assert (address, parameters) == (BASE, sent)
    header = authorization_header(address, parameters, "client-id", "client-secret", "1700000000", "0000000000")
    assert unquote_plus(header.split('oauth_signature="')[1].rstrip('"')) == signature


def test_the_header_has_the_form_and_order_of_the_original() -> None:
    header = authorization_header(BASE, {}, "client-id", "client-secret", "1700000000", "0000000000")
    assert header == (
        'OAuth oauth_consumer_key="client-id",oauth_signature_method="HMAC-SHA256",oauth_timestamp="1700000000",'
        'oauth_nonce="0000000000",oauth_signature="SwGnQi3%2Bljvf7KdWhzoUlmswwoiVRQeei7NSR1m6CEg%3D"'
    )


@pytest.mark.parametrize("status", [200, 204, 401, 404, 500])
def test_every_status_comes_back_as_a_dict_of_two(status: int) -> None:
    with serve(lambda _: Answer(status, b"" if status == 204 else b'{"users": []}')) as web:
        answer = OneRoster("client-id", "client-secret").make_roster_request(f"{web.origin}/users")
    assert answer == {"status_code": status, "response": "" if status == 204 else '{"users": []}'}


def test_what_is_sent_is_what_was_signed() -> None:
    with serve(lambda _: Answer()) as web:
        url = f"{web.origin}/users?filter=a='x y'+AND+b='z'&limit=3&fields="
        OneRoster("client-id", "client-secret").make_roster_request(url)
        (seen,) = web.seen
    assert parse_qs(urlsplit(seen.path).query, keep_blank_values=True) == {
        "filter": ["a='x y'+AND+b='z'"], "limit": ["3"], "fields": [""],
    }  # fmt: skip
    nonce = seen.headers["authorization"].split('oauth_nonce="')[1].split('"')[0]
    assert len(nonce) == 10
    assert nonce.isalnum()


def test_a_query_of_three_pieces_is_dropped_on_the_wire() -> None:
    with serve(lambda _: Answer()) as web:
        OneRoster("client-id", "client-secret").make_roster_request(f"{web.origin}/users?a=1?b=2")
        assert [seen.path for seen in web.seen] == ["/users"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/users", "no url at all", "ftp://example.com/x", ""])
def test_no_answer_is_status_0(url: str) -> None:
    answer = OneRoster("client-id", "client-secret").make_roster_request(url)
    assert answer == {"status_code": 0, "response": "An error occurred, check your URL"}


def test_what_goes_wrong_before_the_get_is_raised() -> None:
    with pytest.raises(AttributeError):
        OneRoster("client-id", "client-secret").make_roster_request(None)  # type: ignore[arg-type]  # what must do no harm


def test_a_redirect_elsewhere_is_followed_without_credentials() -> None:
    with (
        serve(lambda _: Answer(200, b"there")) as other,
        serve(lambda _: Answer(302, b"", (("Location", f"{other.origin}/users"),))) as web,
    ):
        answer = OneRoster("client-id", "client-secret").make_roster_request(f"{web.origin}/users")
        assert answer == {"status_code": 200, "response": "there"}
        assert "authorization" in web.seen[0].headers
        assert "authorization" not in other.seen[0].headers


def test_the_secret_does_not_show() -> None:
    assert "s3cret" not in repr(OneRoster("id", "s3cret"))
