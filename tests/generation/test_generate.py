"""scripts/generate: the same bytes everywhere, a faithful --check, and no damage from a broken document."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generation import command, emit
from generation.document import Document
from generation.standalone import SUMS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
COMMITTED = ROOT / "generated" / "oneroster_v1p1"


def contents(package: Path) -> dict[str, bytes]:
    """Every file of a package by name."""
    return {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the committed package, free to be broken."""
    folder = tmp_path / "generated" / "oneroster_v1p1"
    shutil.copytree(COMMITTED, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def remembering_emit(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Document, str, Path], None]:
    """`emit`, which generates the package of each document once, and copies it after that."""
    emit_once, made = emit.emit, dict[str, Path]()

    def emit_or_copy(document: Document, source: str, target: Path) -> None:
        key = repr((document.data, source))
        if key not in made:
            folder = tmp_path_factory.mktemp("made") / target.name
            emit_once(document, source, folder)
            made[key] = folder
        shutil.copytree(made[key], target)

    return emit_or_copy


@pytest.fixture
def generated_once(monkeypatch: pytest.MonkeyPatch, remembering_emit: Callable[[Document, str, Path], None]) -> None:
    """Share the generated packages between tests that look at what the command does with them."""
    monkeypatch.setattr(emit, "emit", remembering_emit)


def run(document: str, package: Path, *options: str) -> int:
    """Run the command on a changed document."""
    source = package.parent.parent / "openapi.yaml"
    source.write_text(document, encoding="utf-8")
    return command.main(["--document", str(source), "--output", str(package.parent), *options])


def test_another_process_gives_the_same_bytes_which_are_those_committed(tmp_path: Path) -> None:
    """The first run of this process is that of `test_the_first_run_makes_the_package`."""
    output = tmp_path / "1" / "deep"
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT / "scripts"), "TZ": "UTC+1"}
    code = f"import sys; from generation.command import main; sys.exit(main(['--output', {str(output)!r}]))"
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    assert contents(output / "oneroster_v1p1") == contents(COMMITTED)


def test_every_file_says_that_it_is_generated_and_names_no_machine() -> None:
    for name, data in contents(COMMITTED).items():
        text = data.decode()
        assert text.endswith("\n"), name
        assert "\r" not in text, name
        assert str(ROOT) not in text, name
        if not name.endswith((".json", SUMS)):
            assert text.partition("\n")[0] == emit.MARKER.format(document="openapi.yaml"), name
    assert "py.typed" in contents(COMMITTED)


@pytest.mark.usefixtures("generated_once")
def test_check_names_files_changed_by_hand(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (package / "errors.py").write_text("# mine\n", encoding="utf-8")
    (package / "api" / "rostering" / "get_org.py").unlink()
    (package / "mine.py").write_text("", encoding="utf-8")
    before = contents(package)
    assert run(TEXT, package, "--check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == [
        "  api/rostering/get_org.py: missing",
        "  errors.py: differs",
        "  mine.py: does not belong here",
    ]
    assert "edited by hand" in lines[4]
    assert contents(package) == before


@pytest.mark.usefixtures("generated_once")
def test_check_says_in_words_what_a_renamed_property_breaks(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = TEXT.replace("            givenName:\n", "            firstName:\n").replace("givenName", "firstName")
    before = contents(package)
    assert run(changed, package, "--check") == 1
    said = capsys.readouterr().out
    assert "  models/user.py: differs\n" in said
    assert "For callers:\n  breaking: User: property givenName was renamed to firstName\n" in said
    assert contents(package) == before

    assert run(changed, package) == 0
    assert "breaking: User: property givenName was renamed to firstName" in capsys.readouterr().out
    assert "first_name: str" in (package / "models" / "user.py").read_text(encoding="utf-8")
    assert run(changed, package, "--check") == 0
    assert [path.name for path in package.parent.iterdir()] == ["oneroster_v1p1"]


@pytest.mark.usefixtures("generated_once")
def test_words_alone_are_told_as_words(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TEXT.replace("The name of the organisation.", "What people call it."), package, "--check") == 1
    assert "compatible: only words changed: descriptions, summaries, notes or examples" in capsys.readouterr().out


@pytest.mark.usefixtures("generated_once")
def test_the_first_run_makes_the_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = tmp_path / "a" / "generated" / "oneroster_v1p1"
    fresh.parent.parent.mkdir()
    assert run(TEXT, fresh) == 0
    assert contents(fresh) == contents(COMMITTED)
    assert "For callers" not in capsys.readouterr().out


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def replaced(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1
    return TEXT.replace(old, new, 1)


TITLE = "  title: OneRoster\n"
ORGS = "{$ref: '#/components/responses/Orgs'}"
PLACE = "/components/schemas/Category/allOf/1/properties/weight"
CATEGORY = "            weight:\n              type: number\n"
BROKEN = {
    "syntax": (replaced(TITLE, "  title: [OneRoster\n"), r"^openapi\.yaml: line \d+, column \d+: this is not YAML: "),
    "tabs": (replaced(TITLE, "\ttitle: OneRoster\n"), r"^openapi\.yaml: line \d+, column 1: this is not YAML: "),
    "twice": (
        replaced(TITLE, TITLE + TITLE),
        rf"^openapi\.yaml: line {line_of(TEXT, TITLE) + 1}, column 3, /info/title: the key 'title' is given twice",
    ),
    "list": ("- 1\n", r"^openapi\.yaml: line 1: an OpenAPI document is a mapping"),
    "nothing": ("", r"^openapi\.yaml: line 1: an OpenAPI document is a mapping"),
    "reference": (
        replaced(ORGS, "{$ref: '#/components/responses/Organisations'}"),
        rf"^openapi\.yaml:{line_of(TEXT, ORGS)}: .*/paths/~1orgs/get/responses/200",
    ),
    "operation": (
        replaced("operationId: getAllOrgs\n", "operationId: getOrg\n"),
        rf"^openapi\.yaml:{line_of(TEXT, 'operationId: getAllOrgs')}: operationId getOrg is used 2 times",
    ),
    "list of numbers": (
        replaced(CATEGORY, "            weight:\n              type: array\n              items: {type: number}\n"),
        rf"^openapi\.yaml: line \d+, {PLACE}/items: lists of kind 'number'",
    ),
    "type": (
        replaced(CATEGORY, "            weight:\n              type: [number, 'null']\n"),
        rf"^openapi\.yaml: line {line_of(TEXT, CATEGORY)}, {PLACE}: this schema is of no kind that the templates know",
    ),
    "twins": (
        replaced(CATEGORY, "            Title: {type: string, description: T, x-oneroster-trust: A}\n" + CATEGORY),
        r"^openapi\.yaml: line \d+, /components/schemas/Category: two properties would both be called title in Python",
    ),
    "class name": (
        replaced("    StatusInfoSet:\n", "    extra: {type: object, description: E}\n    StatusInfoSet:\n"),
        r"^openapi\.yaml: line \d+, /components/schemas/extra: the class of this schema would be called Extra",
    ),
}


@pytest.mark.series
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_gives_one_error_with_its_place_and_writes_nothing(
    name: str, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    text, expected = BROKEN[name]
    before = contents(package)
    assert run(text, package) == 1
    said = capsys.readouterr()
    assert re.search(expected, said.err), said.err
    assert said.err.endswith("Nothing was written.\n")
    assert "Traceback" not in said.err
    assert said.out == ""
    assert contents(package) == before
    assert [path.name for path in package.parent.iterdir()] == ["oneroster_v1p1"]


def test_a_document_that_is_no_text_or_not_there_is_an_error(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = package.parent / "document.yaml"
    assert command.main(["--document", str(source), "--output", str(package.parent)]) == 1
    source.write_bytes(b"openapi: \xff")
    assert command.main(["--document", str(source), "--output", str(package.parent)]) == 1
    said = capsys.readouterr().err
    assert "No such file" in said
    assert "document.yaml: byte 9 is not UTF-8" in said
    assert contents(package) == contents(COMMITTED)


def test_a_crash_inside_the_generator_names_the_operation(
    package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_project: object) -> None:
        raise KeyError("get_all_orgs is not what it was")

    monkeypatch.setattr(emit.Project, "build", crash)
    assert run(TEXT, package) == 1
    line = line_of(TEXT, "  /orgs:\n") + 1
    assert capsys.readouterr().err.startswith(
        f"openapi.yaml: line {line}, /paths/~1orgs/get: the generator cannot read this: KeyError"
    )
    assert contents(package) == contents(COMMITTED)


def test_another_version_of_a_tool_is_refused(
    package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(emit.PINNED, "ruff", "0.0.1")
    assert run(TEXT, package) == 1
    assert "ruff 0.0.1 is pinned and " in capsys.readouterr().err


def test_a_formatter_that_fails_leaves_the_package_whole(
    package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emit, "_RULES", ("NOSUCHRULE",))
    assert run(TEXT, package) == 1
    assert "ruff check failed" in capsys.readouterr().err
    assert contents(package) == contents(COMMITTED)


@pytest.mark.usefixtures("generated_once")
@pytest.mark.parametrize("failure", [OSError("the disk is full"), KeyboardInterrupt()])
def test_a_replacement_that_ends_half_way_puts_the_old_package_back(
    package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    rename = Path.rename

    def fail_on_the_new_one(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise failure
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_on_the_new_one)
    (package / "errors.py").write_text("# mine\n", encoding="utf-8")
    before = contents(package)
    if isinstance(failure, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            run(TEXT, package)
    else:
        assert run(TEXT, package) == 1
        assert "the disk is full" in capsys.readouterr().err
    assert contents(package) == before
    assert [path.name for path in package.parent.iterdir()] == ["oneroster_v1p1"]


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for taught in ("never edit generated/ by hand", "--check", "exit status", "examples:", "openapi.yaml"):
        assert taught in said
