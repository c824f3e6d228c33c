"""Check that the versions that are installed are the lowest that `pyproject.toml` promises."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))


def promised() -> list[Requirement]:
    """Return what the package, its extras and its tests need."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    test = PROJECT["dependency-groups"]["test"]
    every = chain(PROJECT["project"]["dependencies"], *extras, test)
    return [Requirement(one) for one in every]


def main() -> None:
    """Exit with 1 where a bound is lower than what was tested, naming it."""
    wrong = []
    for one in promised():
        tested = version(one.name)
        (bound,) = one.specifier
        if bound.operator != ">=" or Version(bound.version) != Version(tested):
            wrong.append(f"{one}: {tested} is installed")
    print("\n".join(wrong) or f"{len(promised())} lowest versions are installed")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
