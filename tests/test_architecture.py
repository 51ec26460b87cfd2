"""The structure of the source: layers, cycles, sizes, names, and where a version of the standard may be named."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from oneroster.standard import Standard

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
MODULES = sorted(SOURCE.rglob("*.py"))
GENERATED = sorted((ROOT / "generated").rglob("*.py"))

LAYERS: dict[str, tuple[str, ...]] = {
    # The entries of a package from top to bottom. An entry may import entries on lower lines, and on its own line.
    "": ("pyspark_oneroster", "oneroster", "oneroster_v1p1 oneroster_v1p2", "oneroster_runtime"),
    "oneroster": (
        "__main__",
        "cli",
        "inspection spark dlt",
        "pull contract sandbox",
        "client v1p2",
        "base_client",
        "pages classlink detection",
        "prefetch operation_call",
        "transport pagination",
        "service_urls other_versions",
        "filters settings",
        "tenants_file",
        "setting_values",
        "url_checks",
        "errors standard atomic_files bounded_files extras error_words counts",
    ),
    "oneroster.contract": (
        "test_contract",
        "pytest_plugin pytest_suite run_options baseline reports",
        "runner rule_runner run_progress run_selection explanations",
        "catalogue rule_docs learning grounds clauses_by_version",
        "rules",
        "rule fuzzing writes",
        "observation",
        "oracle",
        "http",
        "result run_plan",
        "verdict",
        "check_model",
        "dialects",
        "levels families errors causes harm clauses clauses_v1p2",
    ),
    "oneroster.pull": (
        "tenants",
        "tenant_pull",
        "job tenant_arrow_stream page_stream",
        "extraction",
        "roster_fetch dry_run tenant",
        "destinations",
        "options report",
        "outcomes incremental",
        "fetch",
        "plan sanity_checks",
        "formats roster_survey conversion",
        "roster",
        "atomic_replace",
        "store_location",
        "private_files progress destination_path",
        "errors",
    ),
    "oneroster.dlt": ("source", "collection_state"),
    "oneroster.spark": (
        "pull_job data_source",
        "groups outcome_rows source_options tenant_list",
    ),
    "oneroster.sandbox": (
        "pytest_plugin",
        "server many_tenants",
        "app http_server",
        "handlers",
        "tenant",
        "faults",
        "requests variants",
        "store",
        "serialization auth",
        "district query http name_lookup version_features",
    ),
}
"""The layers of each package; `test_every_module_has_a_layer` keeps the lists complete."""

SEPARATE = (
    ("oneroster.contract", "oneroster.sandbox"),
    ("oneroster.pull", "oneroster.contract"),
    ("oneroster.pull", "oneroster.sandbox"),
    ("oneroster.spark", "oneroster.dlt"),
    ("oneroster.spark", "oneroster.inspection"),
    ("oneroster.dlt", "oneroster.inspection"),
)
"""Packages on one line that know nothing of each other; each tests the other."""

MOST_LINES = 450
MOST_CLASS_LINES = 250
LONG_MODULES: dict[str, str] = {}
LONG_CLASSES: dict[str, str] = {}
SHARED_CLASS_NAMES: dict[str, str] = dict.fromkeys(
    ("OneRoster", "AsyncOneRoster"), "one client for each version, imported from `oneroster` or from `oneroster.v1p2`"
)

VERSION = re.compile(r"\bv1p[0-9]\b|oneroster_v[0-9]|(?<![0-9./])1\.[12](?![0-9.])")
NAMES_A_VERSION = (
    "oneroster/standard.py",
    "oneroster/client.py",
    "oneroster/v1p2.py",
    "oneroster/contract/clauses",
    "oneroster/contract/rules/",
    "oneroster/sandbox/district/mapping",
    "oneroster/pull/formats/oneroster_csv/",
    "oneroster/pull/conversion/mappings.py",
)
"""Files and folders that may name a version of the standard."""

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
ENGINE = ("schemathesis", "hypothesis")


def dotted(path: Path) -> str:
    """Return the dotted name of a module."""
    base = SOURCE if path.is_relative_to(SOURCE) else ROOT / "generated"
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


NAMES = {dotted(path): path for path in (*MODULES, *GENERATED)}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(path: Path) -> Iterator[str]:
    """Yield every dotted name that a module imports, wherever in its text, also for type checkers only."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the modules of the project, and the names of others, that a module imports."""
    found = set()
    for name in _imported(path):
        parent = name.rpartition(".")[0]
        found.add(name if name in NAMES or parent not in NAMES else parent)
    return frozenset(found - {dotted(path)})


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", LAYERS, ids=lambda package: package or "packages")
def test_every_module_has_a_layer(package: str) -> None:
    folder = SOURCE.joinpath(*package.split(".")) if package else SOURCE
    there = {p.stem for p in folder.glob("*.py")} | {p.parent.name for p in folder.glob("*/__init__.py")}
    listed = " ".join(LAYERS[package]).split()
    assert sorted(listed) == sorted(
        (there | ({"oneroster_v1p1", "oneroster_v1p2"} if not package else set())) - {"__init__"}
    )


@pytest.mark.parametrize("package", LAYERS, ids=lambda package: package or "packages")
def test_imports_point_to_lower_layers(package: str) -> None:
    level = {name: number for number, line in enumerate(LAYERS[package]) for name in line.split()}
    start = f"{package}." if package else ""
    wrong = []
    for path in (*MODULES, *GENERATED):
        own = dotted(path)
        if not own.startswith(start) or own.removeprefix(start).split(".")[0] not in level:
            continue
        place = own.removeprefix(start).split(".")[0]
        for name in imports(path):
            if name.startswith(start) and (entry := name.removeprefix(start).split(".")[0]) in level:
                wrong += [f"{own} imports {name}"] if level[entry] < level[place] else []
    assert not wrong


@pytest.mark.parametrize(("one", "other"), SEPARATE)
def test_packages_on_one_layer_that_know_nothing_of_each_other(one: str, other: str) -> None:
    wrong = [
        f"{dotted(path)} imports {name}"
        for path in MODULES
        for name in imports(path)
        for here, there in ((one, other), (other, one))
        if within(dotted(path), here) and within(name, there)
    ]
    assert not wrong


def test_no_cycle_of_files() -> None:
    graph = {dotted(path): sorted(name for name in imports(path) if name in NAMES) for path in MODULES}
    assert not list(_cycles(graph))


def _cycles(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected components of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> Iterator[list[str]]:
        index[name] = low[name] = len(index)
        stack.append(name)
        for below in graph.get(name, []):
            if below not in index:
                yield from visit(below)
                low[name] = min(low[name], low[below])
            elif below in stack:
                low[name] = min(low[name], index[below])
        if low[name] == index[name]:
            at = stack.index(name)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                yield component

    for name in graph:
        if name not in index:
            yield from visit(name)


def test_the_runtime_imports_no_generated_package() -> None:
    for path in MODULES:
        if within(dotted(path), "oneroster_runtime"):
            assert not [name for name in imports(path) if re.match(r"oneroster(_v|\.|$)", name)], path


def test_only_one_package_imports_the_engine() -> None:
    for path in MODULES:
        if not within(dotted(path), "oneroster.contract.fuzzing"):
            assert not [name for name in imports(path) if name.split(".")[0] in ENGINE], path


def test_modules_and_classes_are_small() -> None:
    for path in MODULES:
        if dotted(path) not in LONG_MODULES:
            assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, path
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and f"{dotted(path)}.{node.name}" not in LONG_CLASSES:
                assert (node.end_lineno or 0) - node.lineno < MOST_CLASS_LINES, (path, node.name)


def test_modules_say_what_they_are_for() -> None:
    for path in MODULES:
        summary = (ast.get_docstring(tree(path)) or "").partition("\n\n")[0]
        assert summary, path
        assert summary.endswith((".", ":", "::")), path


def test_no_two_public_classes_share_a_name() -> None:
    homes = defaultdict(list)
    for path in MODULES:
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(dotted(path))
    shared = {name: where for name, where in homes.items() if len(where) > 1}
    assert shared.keys() == SHARED_CLASS_NAMES.keys(), shared


def test_exceptions_are_still_needed_and_have_a_reason() -> None:
    for name, reason in {**LONG_MODULES, **LONG_CLASSES, **SHARED_CLASS_NAMES}.items():
        assert reason, name
    for name in LONG_MODULES:
        assert len(NAMES[name].read_text(encoding="utf-8").splitlines()) > MOST_LINES, name


def test_no_test_replaces_a_clock_of_other_threads() -> None:
    """The event loop of a server in another thread would wait until the time of the false clock."""
    clocks = r"(?:time|asyncio|anyio)"
    replaces = re.compile(rf"""setattr\({clocks},|(?:setattr|patch)\(["'][\w.]*\b{clocks}\.|patch\.object\({clocks},""")
    tests = (path for path in (ROOT / "tests").rglob("*.py") if path.name != "test_architecture.py")
    assert not [str(path) for path in tests if replaces.search(path.read_text(encoding="utf-8"))]


def versions_named(path: Path) -> list[str]:
    """Return where a module names a version. Docstrings may show one as an example; code may not depend on one."""
    imported = [name for name in imports(path) if VERSION.search(name)]
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree(path)) if isinstance(node, DOCUMENTED)}
    # A string that stands alone documents the constant or the field above it.
    docstrings |= {
        node.value.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    named = [
        f"line {node.lineno}: {node.value}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value not in docstrings and VERSION.search(node.value)
    ]
    return [*imported, *named]


def test_a_version_is_named_in_few_places() -> None:
    free = [path for path in MODULES if not path.relative_to(SOURCE).as_posix().startswith(NAMES_A_VERSION)]
    assert not {path: named for path in free if (named := versions_named(path))}


def test_only_the_document_lists_operations() -> None:
    """A hand-written module may name an operation in passing; a list of them is a second source."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        named = {name for name in Standard.of().specification.operations if f'"{name}"' in text}
        assert len(named) <= 1, (path, named)
