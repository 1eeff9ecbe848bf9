"""Who imports whom, and what each module says it offers."""

import ast
import importlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import konfipay_async

ROOT = Path(konfipay_async.__file__).parent
NAME = "konfipay_async"

# A room and the rooms it may import; a room may import itself. Modules are given where a whole room would be too much.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "_version": set(),
    "holding": set(),
    "session": {"errors", "holding"},
    "paging": {"session", "errors", "holding"},
    "tolerance": set(),
    "models": {"errors", "tolerance"},
    "answers": {"models", "session", "errors"},
    "routes": {"session", "errors"},
    "filters": {"errors"},
    "pain": {"errors"},
    "sepa": {"pain", "models", "errors"},
    "ledger": {"errors"},
    "migration": {"errors"},
    "resources": {"routes", "answers", "models", "paging", "session", "filters", "ledger", "pain", "errors", "holding"},
    "communication": {"session", "errors", "holding"},
    "client": {
        *("resources", "routes", "answers", "models", "paging", "session", "filters", "ledger", "errors", "_version"),
        *("communication", "holding"),
    },
    "wallee": {"tolerance", "paging", "session", "communication", "holding", "errors", "_version"},
    "__init__": {"_version", "client", "errors", "models", "resources", "session"},
    "pull": {"__init__", "_version", "client", "errors", "holding", "models", "resources"},
    "sandbox": {"errors"},
    "integrations": {
        *("__init__", "_version", "client", "errors", "models", "resources", "session", "pull", "sandbox"),
        *("communication", "wallee"),
    },
    "fleet": {"__init__", "_version", "client", "errors", "holding", "models", "resources", "session", "pull"},
    "cli": {
        *("__init__", "_version", "client", "errors", "models", "resources", "session", "routes", "filters", "ledger"),
        *("answers", "pain", "sepa", "migration", "pull", "sandbox", "integrations", "fleet"),
        *("communication", "wallee"),
    },
    "__main__": {"cli"},
}
EXTRAS = ("sqlalchemy", "psycopg", "pyarrow", "cyclopts", "rich", "sepaxml", "schwifty", "procrastinate", "jwt")


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text("utf-8"))


def imports(module: str, *, top_level_only: bool = False) -> set[str]:
    """The modules of the package this one imports, whether by ``import a.b`` or ``from a import b``."""
    found: set[str] = set()
    is_package = modules()[module].name == "__init__.py"
    nodes = tree(module).body if top_level_only else ast.walk(tree(module))
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = module.split(".")
                here = here[: len(here) - node.level + is_package]
                base = ".".join([*here, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.add(whole if whole in modules() else base)
    return {name for name in found if name == NAME or name.startswith(f"{NAME}.")} - {module}


def public_names(module: str) -> set[str]:
    """What a module defines at its top level under a public name; for a package also what it re-exports."""
    names: set[str] = set()
    is_package = modules()[module].name == "__init__.py"
    for node in tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # A fixture is asked for by its name, and a hook found by it: neither is imported.
            found_by_name = any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
            if not found_by_name and not node.name.startswith("pytest_"):
                names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in ("TypeVar", "logging.getLogger"):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) and is_package and (node.module or "").startswith(f"{module}."):
            names.update(alias.asname or alias.name for alias in node.names)
    return {name for name in names if not name.startswith("_")}


def declared(module: str) -> list[str] | None:
    for node in tree(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


MODULES = sorted(modules())


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 20
    assert imports("konfipay_async.answers") >= {"konfipay_async.errors", "konfipay_async.models.wire"}


def test_a_module_imports_only_what_its_room_may() -> None:
    assert {room(module) for module in MODULES} - MAY_IMPORT.keys() == set(), "a new room: say here whom it may import"
    strangers = {
        module: sorted(name for name in imports(module) if room(name) not in MAY_IMPORT[room(module)] | {room(module)})
        for module in MODULES
    }
    assert {module: names for module, names in strangers.items() if names} == {}


def test_the_errors_stand_on_nothing() -> None:
    assert imports("konfipay_async.errors") == set()


def test_nobody_imports_the_command_line() -> None:
    importers = {name for name in MODULES if any(room(other) == "cli" for other in imports(name))}
    assert {room(name) for name in importers} <= {"cli", "__main__"}


def test_the_sandbox_knows_nothing_of_the_client() -> None:
    """It is written from what is known of the wire alone, so that a misreading cannot hide at both ends."""
    for module in MODULES:
        if room(module) == "sandbox":
            assert {room(name) for name in imports(module)} <= {"sandbox", "errors"}, module


def test_what_stands_on_the_client_uses_public_names() -> None:
    for module in MODULES:
        if room(module) not in ("pull", "cli", "integrations", "fleet"):
            continue
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(NAME):
                if room(node.module or "") == room(module):
                    continue
                for alias in node.names:
                    assert not alias.name.startswith("_") or alias.name == "__version__", f"{module}: {alias.name}"


def test_the_core_knows_no_api() -> None:
    """Two clients stand on it."""
    core = [name for name in MODULES if room(name) in ("session", "paging")]
    assert len(core) > 10
    assert [name for name in core if "wallee" in modules()[name].read_text("utf-8").lower()] == []


def test_there_are_no_import_cycles() -> None:
    """Counted with the packages an import runs through on its way."""
    graph = {name: {other for other in imports(name, top_level_only=True) if other in modules()} for name in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())


# --- public names --------------------------------------------------------------------------------------------------


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest; alphabetically inside."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


def test_all_is_sorted_and_says_what_is_public() -> None:
    for module in MODULES:
        names = declared(module)
        if names is None:
            continue
        assert names == sorted(names, key=_order), module
        assert len(set(names)) == len(names), module
        assert set(names) - {"__version__"} == public_names(module), module
        try:
            loaded = importlib.import_module(module)
        except ImportError:  # its extra is not installed here
            continue
        assert [name for name in names if not hasattr(loaded, name)] == [], module


def test_every_module_with_public_names_declares_them() -> None:
    silent = [name for name in MODULES if declared(name) is None and public_names(name)]
    assert silent == []


def test_the_package_offers_exactly_its_public_names() -> None:
    submodules = {name.rpartition(".")[2] for name in MODULES if name.count(".") == 1}
    names = filter(str.isidentifier, vars(konfipay_async))  # pytest leaves others, where our plugin is installed
    offered = {name for name in names if not name.startswith("_") and name not in submodules}
    assert offered | {"__version__"} == set(konfipay_async.__all__)


def test_the_package_init_holds_nothing_else() -> None:
    kinds = {type(node) for node in tree(NAME).body}
    assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}
    assert [ast.unparse(node.targets[0]) for node in tree(NAME).body if isinstance(node, ast.Assign)] == ["__all__"]


# --- what an import costs ------------------------------------------------------------------------------------------


def _loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent, timeout=30
    )
    return set(json.loads(done.stdout))


def test_importing_the_package_loads_neither_extras_nor_the_sandbox() -> None:
    loaded = _loaded_by("import konfipay_async")
    for unwanted in (*EXTRAS, f"{NAME}.sandbox", f"{NAME}.pull", f"{NAME}.cli"):
        assert unwanted not in loaded


def test_importing_the_sandbox_does_not_load_the_client_s_rooms_by_itself() -> None:
    """Only what the package's own front door loads comes along, and no extra."""
    loaded = _loaded_by(f"import {NAME}.sandbox")
    assert f"{NAME}.sandbox" in loaded
    assert loaded.isdisjoint(EXTRAS)


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name in MODULES if "._" not in name and not ast.get_docstring(tree(name))] == []
