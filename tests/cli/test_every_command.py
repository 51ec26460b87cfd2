"""Laws for every command: numbers, names, Ctrl-C, lists, versions, and what is imported."""

import json
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from oneroster import cli
from oneroster.cli import _interrupts, build
from oneroster.cli._command_class import fail
from oneroster.cli._command_list import COMMANDS, load_command
from oneroster.contract.catalogue import catalogue
from oneroster.inspection.short_operation_names import read_operations, short_name
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.variants import VARIANTS
from oneroster.standard import Standard
from tests.patience import ended
from tests.web import Answer, serve

ARGUMENTS = {
    "diff": ["old.zip", "new.zip"],
    "get": ["users"],
    "schemathesis": ["folder"],
    "stats": ["roster.zip"],
}
SECONDS = 300
HEAVY = {"httpx", "pyarrow", "duckdb", "schemathesis", "hypothesis", "starlette", "uvicorn", "jinja2", "yaml"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), arguments, env={"TERM": "dumb", "COLUMNS": "200"})


def process(program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS, env={**environment} or None
    )


def test_every_module_of_a_command_is_in_the_list() -> None:
    assert sorted(COMMANDS) == sorted(m.name for m in iter_modules(cli.__path__) if not m.name.startswith("_"))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_begins_with_the_summary_of_the_list(name: str) -> None:
    assert load_command(name).help.startswith(COMMANDS[name].summary)


NUMBERS = [
    (name, parameter.opts[0], value)
    for name in COMMANDS
    for parameter in load_command(name).params
    if parameter.type.name.startswith(("float", "int")) or "PERCENT" in (parameter.metavar or "")
    for value in ("nan", "inf", "-inf", "-1", "1" + 30 * "0", "x")
]


def test_there_are_numbers_to_refuse() -> None:
    assert {"pull", "check", "get", "diff", "stats", "sandbox"} == {name for name, _, _ in NUMBERS}


@pytest.mark.series
@pytest.mark.parametrize(("name", "option", "value"), NUMBERS)
def test_a_number_out_of_bounds_is_wrong_usage(name: str, option: str, value: str) -> None:
    result = run(name, *ARGUMENTS.get(name, []), f"{option}={value}")
    assert result.exit_code == 2, result.output
    assert option in result.stderr


@pytest.mark.parametrize("command", [["check", "--sandbox"], ["sandbox"]], ids=lambda words: words[0])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "x", "1e3"])
def test_a_size_out_of_bounds_is_wrong_usage(command: list[str], value: str) -> None:
    result = run(*command, f"--size={value}")
    assert result.exit_code == 2
    assert re.search(r"users", result.stderr)


OPTIONS = [
    (name, parameter)
    for name in COMMANDS
    for parameter in load_command(name).params
    if parameter.param_type_name == "option" and not parameter.is_flag
]
NAMES = [
    (name, each.opts[0], each.name)
    for name, each in OPTIONS
    if each.metavar in ("NAME", "NAMES", "COLLECTION") and each.multiple
]
SINGLE = [(name, each) for name, each in OPTIONS if not each.multiple]


def parsed(name: str, *arguments: str) -> dict[str, Any]:
    params: dict[str, Any] = load_command(name).make_context(name, [*ARGUMENTS.get(name, []), *arguments]).params
    return params


def test_there_are_names_to_repeat() -> None:
    assert {option for _, option, _ in NAMES} == {
        "--include", "--exclude", "--fault", "--variant", "--only", "--without", "--fields",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "option", "key"), NAMES)
def test_names_are_repeated_or_separated_by_commas(name: str, option: str, key: str) -> None:
    assert parsed(name, option, "a,b", option, " c ")[key] == ["a", "b", "c"]
    assert run(name, *ARGUMENTS.get(name, []), option, " ,").exit_code == 2


@pytest.mark.series
@pytest.mark.parametrize(("name", "option"), SINGLE, ids=lambda value: value if isinstance(value, str) else value.name)
def test_an_option_that_takes_one_value_is_not_repeated(name: str, option: Any) -> None:
    value = str(next(iter(getattr(option.type, "choices", ())), getattr(option.type, "min", None) or 1))
    given = [option.opts[0], *[value] * option.nargs]
    result = run(name, *ARGUMENTS.get(name, []), *given, *given)
    assert result.exit_code == 2, result.output
    assert option.opts[0] in result.stderr
    assert "more than once" in result.stderr


def test_ids_and_filters_may_hold_commas() -> None:
    found = parsed("pull", "--school", "a,b", "--filter", "users", "role='a,b'")
    assert list(found["school"]) == ["a,b"]
    assert [list(pair) for pair in found["filter_"]] == [["users", "role='a,b'"]]


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_wrong_usage(name: str) -> None:
    assert run(name, *ARGUMENTS.get(name, []), "--nonsense").exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("notes", [(), ("an object was left",)])
def test_an_interrupt_is_one_line_and_130(name: str, notes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    command = load_command(name)

    def interrupted(**_options: Any) -> None:
        interrupt = KeyboardInterrupt()
        for note in notes:
            interrupt.add_note(note)
        raise interrupt

    monkeypatch.setattr("oneroster.cli._command_list.load_command", lambda _name: command)
    command.callback = interrupted
    result = run(name, *ARGUMENTS.get(name, []))
    assert result.exit_code == 130
    assert result.stdout == ""
    assert re.fullmatch(rf"oneroster {name}: interrupted.*\n", result.stderr)
    assert all(note in result.stderr for note in notes)


def test_an_error_that_an_interrupt_has_become_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_interrupts, "_seen", [2])
    with pytest.raises(KeyboardInterrupt):
        fail("diff", "the database failed", 2)


# Sends Ctrl-C to itself when a module is about to be imported.
INTERRUPTED_IMPORT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
wanted = sys.argv.pop(1)
from oneroster.cli import main
sys.meta_path.insert(0, Finder())
main()
"""


@pytest.mark.series
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("typer", ["--help"]),
        ("oneroster.cli._command_list", ["--version"]),
        ("oneroster.cli.pull", ["pull", "--sandbox"]),
        ("pyarrow", ["diff", "old.zip", "new.zip"]),
        ("oneroster.contract.runner", ["check", "--sandbox"]),
        ("oneroster.sandbox.server", ["sandbox"]),
    ],
)
def test_ctrl_c_during_an_import_is_one_line_and_130(module: str, arguments: list[str]) -> None:
    done = process(INTERRUPTED_IMPORT, module, *arguments)
    assert (done.returncode, done.stdout) == (130, "")
    assert re.fullmatch(r"oneroster.*: interrupted.*\n", done.stderr)


# Sends Ctrl-C to itself while a lock is being taken, as those of the connection pool are.
INTERRUPTED_LOCK = """
import os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from oneroster.cli import _interrupts
taken = threading.Lock()
class Lock:
    def __enter__(self):
        taken.acquire()
        os.kill(os.getpid(), signal.SIGINT)
    def __exit__(self, *_):
        taken.release()
_interrupts.exit_at_once()
try:
    with _interrupts.raised():
        with Lock():
            pass
        threading.Event().wait(60)
except KeyboardInterrupt:
    print("locked for ever" if taken.locked() else "free")
"""


def test_ctrl_c_leaves_no_lock_locked() -> None:
    done = process(INTERRUPTED_LOCK)
    assert (done.returncode, done.stdout) == (0, "free\n")


def test_the_versions_are_printed() -> None:
    result = run("--version")
    assert result.exit_code == 0
    kit, python, *documents = result.stdout.splitlines()
    assert re.fullmatch(r"oneroster-kit \d+\.\d+\.\d+\S*", kit)
    assert python == f"Python {sys.version.partition(' ')[0]}"
    assert [line.split(",")[0] for line in documents] == [f"OneRoster {number}" for number in Standard.versions()]


LISTS = {
    ("sandbox", "--list-faults"): ("fault", lambda: list(FAULTS)),
    ("sandbox", "--list-variants"): ("variant", lambda: list(VARIANTS)),
    ("rules",): ("id", lambda: [rule.id for rule in catalogue()]),
    ("get", "--list"): (
        "name",
        lambda: [short_name(each.operation_id) for each in read_operations(Standard.of().specification)],
    ),
}


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_is_one_line_for_each_entry_at_any_width(command: tuple[str, ...]) -> None:
    _, names = LISTS[command]
    result = CliRunner().invoke(build(), command, env={"COLUMNS": "20"})
    lines = result.stdout.splitlines()
    assert sorted(line.split("  ")[0] for line in lines) == sorted(names())
    assert result.stdout.isprintable() or not re.search(r"[\u2500-\u257f\x1b]", result.stdout)


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_is_also_json(command: tuple[str, ...]) -> None:
    key, names = LISTS[command]
    assert sorted(entry[key] for entry in json.loads(run(*command, "--json").stdout)) == sorted(names())


IMPORTED = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from oneroster.cli import main
main()
"""


@pytest.mark.series
@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_no_library_of_the_commands(arguments: list[str]) -> None:
    imported = set(process(IMPORTED, *arguments).stderr.split())
    assert "oneroster.cli._command_list" in imported
    assert not imported & HEAVY
    if arguments == ["--help"]:
        ours = {name for name in imported if name.startswith("oneroster")}
        assert ours <= {
            "oneroster",
            "oneroster.cli",
            "oneroster.extras",
            *(f"oneroster.cli.{m}" for m in ("_command_list", "_extras_of_commands", "_interrupts")),
        }


@pytest.mark.parametrize(("words", "found"), [("oneroster pu", "pull"), ("oneroster pull --si", "--since")])
def test_completion_does_not_import_rich(words: str, found: str) -> None:
    position = str(len(words.split()) - 1)
    done = process(IMPORTED, _ONEROSTER_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position)
    assert done.stdout.split() == [found]
    assert not {"rich.console", *HEAVY} & set(done.stderr.split())


@pytest.mark.filterwarnings("default::oneroster.settings.UnencryptedHttpWarning")
@pytest.mark.parametrize(
    "command", [["get", "orgs"], ["check"], ["pull", "--to", "r.ndjson"]], ids=lambda words: words[0]
)
def test_http_to_another_machine_is_one_line_d8(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--allow-http"]):
        # A proxy that refuses: nothing is tried again, and nothing leaves the machine.
        with serve(lambda _: Answer(403)) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.origin)
            result = run(*command, "--base-url", "http://sis.example", "--token", "s3cret", *words)
        assert {seen.path.split("/")[2] for seen in proxy.seen} == {"sis.example"}
        lines = [line for line in result.stderr.splitlines() if "warning" in line.lower()]
        assert len(lines) == (0 if words else 1), result.stderr
        for line in lines:
            assert re.match(rf"oneroster {command[0]}: warning: http://sis\.example is http: .*--allow-http", line)
        assert "s3cret" not in result.output


PRINTING = [("rules",), ("get", "orgs", "--sandbox"), ("get", "orgs", "--sandbox", "--format", "json")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_an_output_that_cannot_be_written_is_one_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        outcome = subprocess.run(
            [sys.executable, "-m", "oneroster", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert outcome.returncode == 2
    assert outcome.stderr == f"oneroster {words[0]}: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_reader_that_is_gone_ends_a_command_quietly(words: tuple[str, ...]) -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-m", "oneroster", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
        ended(process),
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")
