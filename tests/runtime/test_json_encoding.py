"""What may be written into an enumeration: its members, and values that match the pattern of the document."""

import msgspec
import pytest

from oneroster.standard import Standard
from oneroster_runtime.errors import WriteError
from oneroster_runtime.json_encoding import deep_copy, may_be_sent, write_strictly

ROLES = {version: Standard.of(version).models.RoleType for version in Standard.versions()}


@pytest.mark.parametrize(
    ("version", "value", "expected"),
    [
        ("1.1", "teacher", True),
        ("1.1", "ext:coach", False),
        ("1.2", "teacher", True),
        ("1.2", "ext:coach", True),
        ("1.2", "ext:coach\n", False),
        ("1.2", "ext:", False),
        ("1.2", "coach", False),
    ],
)
def test_members_and_extensions(version: str, value: str, expected: bool) -> None:
    assert may_be_sent(ROLES[version], value) is expected


def test_a_list_with_an_extension_is_written_and_one_with_an_unknown_value_is_not() -> None:
    field = Standard.of("1.2").models.Resource.BY_ATTRIBUTE["roles"]
    assert write_strictly("Resource", "1", field, ["ext:coach", "teacher"]) == ["ext:coach", "teacher"]
    with pytest.raises(WriteError, match="does not list"):
        write_strictly("Resource", "1", field, ["coach"])


@pytest.mark.parametrize("depth", [0, 1, 50, 400, 900])
@pytest.mark.parametrize("start", [b'{"a":', b"[", b'[1,{"b":'])
def test_d1_whatever_a_parser_reads_can_be_copied(depth: int, start: bytes) -> None:
    depth //= 1 + start.count(b"{") * start.count(b"[")
    end = start.translate(bytes.maketrans(b"{[", b"}]"), bytes(set(range(256)) - set(b"{[")))[::-1]
    text = start * depth + b'{"c":[1,null]}' + end * depth
    value = msgspec.json.decode(text)
    copy = deep_copy(value)
    assert msgspec.json.encode(copy) == text
    assert copy is not value
