"""The house rules that a linter does not know."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import arbvis_core
from arbvis_core import hookspecs

ROOT = Path(__file__).parents[1]
PACKAGES = ("arbvis_core", "modelweightvis")
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("arbvis_")}


@cache
def tracked() -> tuple[Path, ...]:
    """Return every file of the repository, or of an unpacked source distribution."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(git, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
        return tuple(path for path in names if path.is_file())
    skipped = {"node_modules", "dist", "out", "build", "__pycache__"}
    return tuple(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(p in skipped or p[0] == "." for p in path.parts[1:])
    )


def texts(*suffixes: str) -> dict[str, str]:
    """Return the tracked text files with a suffix, by path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in tracked()
        if path.suffix in suffixes
    }


def code_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    first = function.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    begin = (first.end_lineno or 0) + 1 if told else first.lineno
    return (function.end_lineno or 0) - begin + 1


def test_modules_are_short_enough_to_read() -> None:
    long = {name: text.count("\n") for name, text in texts(".py").items() if text.count("\n") > 400}
    assert not long


def test_functions_are_short_enough_to_read() -> None:
    long = {
        f"{name}:{node.name}": code_length(node)
        for name, text in texts(".py").items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and code_length(node) > 40
    }
    assert not long


def test_tests_stand_where_their_modules_do() -> None:
    strays = []
    for kind, package in (("core", "arbvis_core"), ("model", "modelweightvis")):
        base = ROOT / "tests" / kind
        for path in (path for path in tracked() if base in path.parents):
            folder = ROOT / package / path.relative_to(base).parent
            module = folder / path.name.removeprefix("test_")
            mirrored = module.is_file() or module.with_suffix("").is_dir()
            of_a_package = folder.name != package and (folder / "__init__.py").is_file()
            if path.name.startswith("test_") and not mirrored and not of_a_package:
                strays.append(path.relative_to(ROOT).as_posix())
    assert not strays


def test_the_layers_of_the_documentation_are_those_that_hold() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    page = (ROOT / "docs/explanation/data-flow.md").read_text(encoding="utf-8")
    shown = page.split("## Layers\n\n```\n")[1].split("\n```")[0].splitlines()
    assert [line.split(" (")[0] for line in shown] == layers


def test_every_hook_is_on_the_page_that_is_named_after_them() -> None:
    assert len(HOOKS) == 9


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_exact_signature(name: str) -> None:
    page = (ROOT / "docs/reference/hooks.md").read_text(encoding="utf-8")
    assert f"def {name}{inspect.signature(HOOKS[name])}:".replace("'", "") in page
    assert f"\n## {name}\n" in page


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_test_that_names_it(name: str) -> None:
    naming = [path for path, text in texts(".py").items() if name in text]
    tests = [path for path in naming if path.startswith("tests/") and "/test_" in path]
    assert set(tests) - {"tests/test_house.py"}


@pytest.mark.parametrize("program", ["arbvis", "modelweightvis"])
def test_help_answers_without_the_heavy_packages(program: str) -> None:
    code = (
        "import sys; from importlib.metadata import entry_points\n"
        f"main = entry_points(group='console_scripts')[{program!r}].load()\n"
        f"sys.argv = [{program!r}, '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'numba', 'PIL', 'isal', 'huggingface_hub', 'gguf', 'torch'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, cwd=ROOT / "tests"
    )
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    assert b"--out" in ran.stdout


def test_the_readme_and_continuous_integration_run_the_same_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r"<!-- (\w+) -->\n```console\n(.+)\n```", readme))
    assert commands.keys() == {"render", "test"}
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert f"    {commands['test']}" in script


def test_no_path_of_a_machine_is_in_the_repository() -> None:
    homes = re.compile(r"(?<![\w.~])/(?:root|work|home/\w+|Users/\w+)/|C:\\Users\\", re.IGNORECASE)
    suffixes = (".py", ".md", ".toml", ".txt", ".json", ".ts", ".css", ".html", ".ipynb", ".js", "")
    found = {
        name: match.group()
        for name, text in texts(*suffixes).items()
        if (match := homes.search(text)) and name != "tests/test_house.py"
    }
    assert not found


def test_pins_carry_no_addresses() -> None:
    locks = [path for path in tracked() if "lock" in path.name or path.name == "constraints.txt"]
    assert len(locks) >= 2
    for path in locks:
        text = path.read_text(encoding="utf-8")
        assert '"resolved"' not in text
        assert path.name != "constraints.txt" or "/" not in text


def test_nothing_minified_is_committed() -> None:
    suspects = texts(".js", ".mjs", ".ts", ".css", ".html")
    assert not [name for name, text in suspects.items() if max(map(len, text.splitlines())) > 500]
    assert not [name for name in suspects if ".min." in name]


def anchors(text: str) -> set[str]:
    """Return the fragments that a page's headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_every_link_of_the_documentation_resolves() -> None:
    broken = []
    pages = texts(".md")
    for name, text in pages.items():
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"https?:", target):
                continue
            path, _, fragment = target.partition("#")
            page = (ROOT / name).parent / path if path else ROOT / name
            if not page.exists() or (fragment and fragment not in anchors(page.read_text("utf-8"))):
                broken.append(f"{name}: {target}")
    assert not broken


def test_every_page_of_the_documentation_can_be_reached() -> None:
    pages = {name: text for name, text in texts(".md").items() if name.startswith("docs/")}
    linked = {"docs/index.md"}
    for name, text in pages.items():
        folder = (ROOT / name).parent
        links = re.findall(r"\]\(([^)\s#]+\.md)", text)
        linked |= {(folder / link).resolve().relative_to(ROOT).as_posix() for link in links}
    assert pages.keys() <= linked


def test_sessions_test_what_is_installed_not_the_source_tree() -> None:
    if "NOX_CURRENT_SESSION" not in os.environ:
        pytest.skip("only where nox installs the wheel")
    assert ROOT not in Path(arbvis_core.__file__).parents or ".nox" in arbvis_core.__file__
