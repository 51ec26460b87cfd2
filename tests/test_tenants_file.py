"""The file of tenants: what is refused, with its place."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from oneroster import ConfigurationError
from oneroster.settings import Settings, resolve_settings
from oneroster.tenants_file import read_tenants, tenant_from_file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tenants", "cannot be read as TOML: error at its end\\."),
        ("[tenants.a]\ntoken = s3cret", "cannot be read as TOML: error in line 2\\."),
        ("tenants = 3", "has no \\[tenants.a\\]"),
        ("", "has no \\[tenants.a\\]"),
        ("[tenants.b]", "in the file: b"),
        ('[tenants.a]\nbase = "x"', "unknown settings base; did you mean base_url?"),
        ('[tenants.a]\nclient_secret = "s3cret"', "must not be in this file"),
        ('[tenants.a]\nclient_secret = { env = "NOT_SET" }', "NOT_SET is not set"),
        ('[tenants.a]\ntoken = { file = "nowhere/at-all" }', "cannot be read"),
        ("[tenants.a]\nscopes = 3", "must be a string"),
        ('[tenants.a]\ntoken = { env = "A", file = "b" }', "must be a string"),
        ('[tenants.a]\nheaders = "X-Key=env:KEY"', "must be a table"),
        ('[tenants.a]\nheaders = { x-key = "s3cret" }', "headers.x-key: a secret must not be in this file"),
        ('[tenants.a.headers]\nx-key = { env = "NOT_SET" }', "headers.x-key: the environment variable NOT_SET"),
        ("[tenants.a]\nscopes" + ".a" * 100_000 + " = 1", "cannot be read as TOML\\."),
        ('[tenants.a]\ntoken = { file = "/dev/zero" }', "/dev/zero cannot be read"),
        ("[tenants.a]\nallow_http = 1", "allow_http must be true or false"),
        ('[tenants.a]\nallow_http = "s3cret"', "allow_http must be true or false"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "oneroster.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said) as caught:
        resolve_settings({}, {}, "a", path)
    assert "s3cret" not in str(caught.value)


def test_a_secret_that_is_kept_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    path = tmp_path / "oneroster.toml"
    path.write_text(f"[tenants.a]\ntoken = {{ file = '{tmp_path / 'secret'}' }}")
    with pytest.raises(ConfigurationError, match=r"token: .* is empty"):
        resolve_settings({}, {}, "a", path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.toml cannot be read \(.*\); name the file with --config"):
        resolve_settings({}, {}, "a", tmp_path / "none.toml")


def test_every_reference_of_a_table_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from file\n", encoding="utf-8")
    path = tmp_path / "oneroster.toml"
    path.write_text(
        f"""[tenants.a]
allow_http = true
base_url = {{ env = "URL" }}
[tenants.a.headers]
X-One = {{ env = "ONE" }}
X-Two = {{ file = '{tmp_path / "key"}' }}
"""
    )
    found = tenant_from_file(path, "a", Settings._fields, {"URL": "https://sis.example", "ONE": "from env"})
    headers = (("x-one", "from env"), ("x-two", "from file"))
    assert found == {"allow_http": True, "base_url": "https://sis.example", "headers": headers}
    assert list(read_tenants(path)) == ["a"]


def test_a_file_of_many_tenants_is_parsed_once_and_read_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    loads = tomllib.loads

    def counted(text: str) -> dict[str, Any]:
        parsed.append(text)
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    file = tmp_path / "oneroster.toml"
    file.write_text("".join(f'[tenants.t{number}]\nbase_url = "https://{number}.example"\n' for number in range(300)))
    for number in range(300):
        assert tenant_from_file(file, f"t{number}", ["base_url"], {}) == {"base_url": f"https://{number}.example"}
    assert len(parsed) == 1
    with pytest.raises(ConfigurationError, match=r"Tenants in the file: t0, t1, t10.* and 280 others\.$"):
        tenant_from_file(file, "zzz", ["base_url"], {})
    file.write_text('[tenants.zzz]\nbase_url = "https://z.example"\n')
    assert tenant_from_file(file, "zzz", ["base_url"], {}) == {"base_url": "https://z.example"}


def test_d4_a_file_of_absurd_size_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "oneroster.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ConfigurationError, match="it has more than 32 MB"):
        read_tenants(path)
