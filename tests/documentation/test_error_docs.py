"""The reference of errors: each public error is in it, with what to do, and the messages that the code has."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

import error_docs
from oneroster import F
from oneroster.contract.baseline import read_baseline
from oneroster.pull import open_destination
from oneroster.sandbox import Sandbox
from oneroster.settings import resolve_settings
from oneroster.standard import Standard
from oneroster.tenants_file import tenant_from_file

PUBLIC = (
    "oneroster",
    "oneroster.errors",
    "oneroster.pull",
    "oneroster.pull.errors",
    "oneroster.contract.dialects.overlay",
)
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")


def errors_of(place: str) -> Iterator[str]:
    """Yield the names of the errors and warnings that a module makes public."""
    module = import_module(place)
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, type) and issubclass(value, Exception):
            yield name


@pytest.mark.parametrize("place", PUBLIC)
def test_each_public_error_is_in_the_page_once(place: str) -> None:
    names = list(errors_of(place))
    assert names
    for name in names:
        assert len(re.findall(rf"^\| `{name}` \| .+\. \| .+\. \|$", PAGE, re.MULTILINE)) == 1, name


def test_an_error_without_advice_fails_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {name: advice for name, advice in error_docs.ADVICE.items() if name != "GuardError"}
    monkeypatch.setattr(error_docs, "ADVICE", rest)
    with pytest.raises(ValueError, match="GuardError"):
        error_docs.errors_as_markdown()


def a_file(folder: Path, text: str) -> Path:
    path = folder / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


MISTAKES: dict[str, Callable[[Path], object]] = {
    "no settings": lambda _: resolve_settings({}, environ={}),
    "an unknown version": lambda _: Sandbox(standard="1.3"),
    "a secret in a file": lambda folder: tenant_from_file(
        a_file(folder, '[tenants.a]\ntoken = "x"\n'), "a", ["token"], {}
    ),
    "an unknown field": lambda _: F.colour == "red",
    "three clauses": lambda _: (F.status == "active") & (F.role == "aide") & (F.email == "x"),
    "no roster": lambda folder: open_destination(folder / "none.duckdb"),
    "no format": lambda folder: open_destination(folder / "none"),
    "no baseline": lambda folder: read_baseline(a_file(folder, "[]"), Standard.of().specification),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_message_is_found_in_the_page(mistake: str, tmp_path: Path) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # its message is what is looked for
        MISTAKES[mistake](tmp_path)
    listed = error_docs.messages()[type(caught.value).__name__]
    patterns = [".*".join(map(re.escape, text.split("…"))) for text in listed]
    said = str(caught.value).replace("`", "'")
    assert any(re.search(pattern, said, re.DOTALL) for pattern in patterns), said


@pytest.mark.parametrize("name", ["ConfigurationError", "GuardError", "UnstableCollectionError", "AccessRefusedError"])
def test_an_error_has_the_messages_of_all_its_modules(name: str) -> None:
    """One that is made of parts, raised as another, or said by a function is found as well."""
    expected = {
        "ConfigurationError": ("base_url is missing (…)", "credentials are missing: token (…), or … (…)"),
        "GuardError": ("…: … rows now…, … before; --accept-shrink or --max-shrink …=… accepts it.",),
        "UnstableCollectionError": ("the server returned the same page again, as if it ignored offset",),
        "AccessRefusedError": ("every collection is refused (…)…; …",),
    }
    assert set(expected[name]) <= set(error_docs.messages()[name])
