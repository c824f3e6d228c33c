"""The documentation says what is so: generated pages, schema, parity, notebook, code blocks."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from arbvis_core import api
from arbvis_core.sinks.memory import MemorySink

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def load(path: Path) -> Any:
    """Import a script by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = load(DOCS / "generate.py")
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*DOCS.rglob("*.md")])


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_generated_pages_are_current(name: str) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == GENERATE.PAGES[name](), "run 'nox -s docs'"


@cache
def schema() -> jsonschema.Draft202012Validator:
    text = (DOCS / "reference/manifest.schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    return jsonschema.Draft202012Validator(json.loads(text))


def rendered(*inputs: Path) -> dict[str, bytes]:
    picture = api.open(*inputs)
    sink = MemorySink()
    api.render(picture.plan, sink, jobs=1, executor="serial")
    return sink.blobs


def test_a_real_manifest_keeps_its_schema(tmp_path: Path) -> None:
    (tmp_path / "zeros.bin").write_bytes(bytes(300_000))
    (tmp_path / "empty.bin").write_bytes(b"")
    blobs = rendered(tmp_path, ROOT / "examples/bytes/sound.wav")
    manifest = json.loads(blobs["manifest.json"])
    schema().validate(manifest)
    names = {one["name"] for one in manifest["scenes"][0]["placements"]}
    assert names == {"zeros.bin", "sound.wav"}


def test_the_schema_notices_what_does_not_belong() -> None:
    manifest = json.loads(rendered(ROOT / "LICENSE")["manifest.json"])
    manifest["scenes"][0]["canvas"]["tile_size"] = 256
    manifest["scenes"][0]["key"] = "../outside"
    manifest["surprise"] = True
    assert len(list(schema().iter_errors(manifest))) == 3


def test_the_bundle_is_what_its_page_says() -> None:
    blobs = rendered(ROOT / "LICENSE")
    page = (DOCS / "reference/manifest.md").read_text(encoding="utf-8")
    tree = page.split("```\n")[1]
    for path in blobs:
        folder, _, name = path.partition("/")
        assert folder in tree
        assert not path.startswith("viewer/") or name in tree


def test_the_manifest_of_the_page_keeps_the_schema() -> None:
    page = (DOCS / "reference/manifest.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    schema().validate(json.loads(shown.replace("…", 64 * "0")))


@pytest.mark.parametrize("name", ["README.md", *PAGES])
def test_python_in_the_documentation_is_python(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        if "reference/" not in name:
            compile(block, name, "exec")


def rows(section: str) -> list[list[str]]:
    """Return the cells of the table of one section of the parity page."""
    page = (DOCS / "reference/parity.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^## {section}.*?\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_parity_knows_every_flag_and_its_state() -> None:
    stated = {flag.strip("`"): state for flag, _, state in rows("Flags")}
    built = {name for name, state in stated.items() if state.startswith(("done", "differs"))}
    missing = {name for name, state in stated.items() if state.startswith("not yet")}
    assert built | missing == stated.keys()
    flags = GENERATE.flags("arbvis") | GENERATE.flags("modelweightvis")
    assert {name for name in built if name.startswith("--")} == flags
    assert not missing & flags


@pytest.mark.parametrize("source", ["000", "001", "002", "003", "004"])
def test_parity_names_a_test_for_everything_done(source: str) -> None:
    table = rows(source)
    assert len(table) > 10
    for promise, command, test, state in table:
        assert state.startswith(("done", "differs", "not yet")), promise
        if not state.startswith("not yet"):
            assert command, promise
            for path in re.findall(r"`((?:tests|plugins)/[^`]+)`", test):
                assert (ROOT / path).exists(), path
            assert "`" in test, promise


def told(code: str, scope: dict[str, Any]) -> str:
    """Run a cell, and return what it prints and what its last line is."""
    *lines, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        lines, last = [*lines, last], ast.Expr(ast.parse("None", mode="eval").body)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(lines, []), "cell", "exec"), scope)  # noqa: S102 - our own notebook
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope)  # noqa: S307
    shown = "" if value is None else repr(value)
    return printed.getvalue() + re.sub(r" at 0x\w+", "", shown)


def kept(cell: dict[str, Any]) -> str:
    """Return what a cell is kept with."""
    texts = [one.get("text") or one["data"]["text/plain"] for one in cell["outputs"]]
    return "".join("".join(text) for text in texts)


def test_the_notebook_shows_what_it_runs_to(tmp_path: Path) -> None:
    path = DOCS / "tutorial/notebook.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    scope: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(DOCS / "tutorial")
        for number, cell in enumerate(cells, 1):
            code = "".join(cell["source"]).replace('"out"', repr(str(tmp_path / "out")))
            assert cell["execution_count"] == number
            assert told(code, scope) == kept(cell)
    assert (tmp_path / "out/index.html").is_file()


def block(page: str, mark: str) -> str:
    """Return a code block that a comment marks."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"<!-- {mark} -->\n```python\n(.*?)```", text, re.DOTALL)
    return str(found)


def test_the_format_of_the_guide_keeps_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arbvis_pgm.py").write_text(block("plugins/write-a-format.md", "module"))
    (tmp_path / "guide_test_pgm.py").write_text(block("plugins/test-it.md", "test"))
    monkeypatch.syspath_prepend(tmp_path)
    suite = load(tmp_path / "guide_test_pgm.py").TestPgm()
    tests = [name for name in dir(suite) if name.startswith("test_")]
    assert len(tests) > 8
    for name in tests:
        getattr(suite, name)()
