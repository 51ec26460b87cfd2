"""The page of docs/ on the document: its keys, and the rules of the lint."""

from collections.abc import Iterator

from generation.lint_rules import STAGES
from generation.standalone import SUMS
from oneroster.standard import Standard
from oneroster_runtime.specification.vocabulary import OBJECTS, SENTENCES, objects_with

__all__ = ["document_as_markdown"]

_HEAD = """\
# The document

<!-- Made by scripts/docs from oneroster_runtime.specification.vocabulary and the rules of scripts/generation. -->

`openapi.yaml` is the contract of OneRoster 1.1 and `openapi-1.2.yaml` that of 1.2, written by hand as OpenAPI 3.1 with
keys of this project. Their vocabulary is closed: a key or a keyword that is not listed here is refused with the nearest
known name, because nothing would read it. Names and values are written in ASCII, words for people in any alphabet.
`scripts/generate` checks the vocabulary first, then OpenAPI, then the rules below in four stages. It stops at the
first stage with a mistake, so that a mistake is reported once, with its line.
"""
_VERSIONS = """
## Versions and documents

The contract has a semantic version of its own, `x-oneroster-contract-version`, beside that of the standard.
`released/openapi.json` is the last released document and `released/CHANGELOG.md` the changes since then; those of 1.2
are `released/openapi-1.2.json` and `released/CHANGELOG-1.2.md`.
`scripts/generate --check` fails if the version does not make the step that the changes need; `--release` makes the
document the released one. `oneroster_v1p1.__version__` has the version and the digest of the document.

The folder `documents` of the package has one document for each profile, as JSON and YAML, with `SHA256SUMS`. It has the
operations, properties and booleans of its profile and needs nothing else, for generators of other languages.
`scripts/generate --standalone FOLDER` writes these alone. With `scripts/test --all`, openapi-typescript,
openapi-generator and the stock openapi-python-client read each of them.

| version | profile | documents | digests |
|---|---|---|---|
{documents}
[oneroster.spectral.yaml](oneroster.spectral.yaml) has the vocabulary and those rules below that need no program, as a
ruleset of Spectral. The package has it as `oneroster/contract/oneroster.spectral.yaml`.
"""
_KEYS = """
## Keys of this project

| key | on | says |
|---|---|---|
"""
_OBJECTS = """
## Keys of each object

A key in bold is required. Other keys of OpenAPI are refused too, because this project does not read them.

| object | keys |
|---|---|
"""
_RULES = """
## Rules

The conventions are those that the document names in `x-oneroster-conventions`; others are not checked.
"""
_STAGES = ("Basics", "Parts", "Names", "Examples")


def document_as_markdown() -> str:
    """Return the page."""
    keys = "".join(f"| `{key}` | {', '.join(objects_with(key))} | {says} |\n" for key, says in SENTENCES.items())
    objects = "".join(f"| {kind} | {', '.join(map(_key, found))} |\n" for kind, found in OBJECTS.items())
    versions = _VERSIONS.format(documents="".join(_documents()))
    return f"{_HEAD}{versions}{_KEYS}{keys}{_OBJECTS}{objects}{_RULES}" + "".join(
        f"\n### {title}\n\n" + "".join(f"- `{rule.name}`: {rule.text}\n" for rule in stage)
        for title, stage in zip(_STAGES, STAGES, strict=True)
    )


def _documents() -> Iterator[str]:
    """Yield a row of the table of documents for each profile."""
    for version in Standard.versions():
        standard = Standard.of(version)
        folder = f"../generated/{standard.package}/documents"
        for profile in standard.specification.profiles:
            links = " · ".join(f"[{profile}.{kind}]({folder}/{profile}.{kind})" for kind in ("json", "yaml"))
            yield f"| {version} | {profile} | {links} | [{SUMS}]({folder}/{SUMS}) |\n"


def _key(key: str) -> str:
    return f"**`{key[:-1]}`**" if key.endswith("!") else f"`{key}`"
