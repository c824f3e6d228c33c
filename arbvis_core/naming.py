"""Names: what was perhaps meant by one that is not there, and those that Windows keeps."""

from __future__ import annotations

from collections.abc import Iterable

_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}


def nearest(name: str, names: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the name that is most like another, or None if none is like it at all.

    Args:
        name: what was typed.
        names: what there is.
        likeness: how much alike they have to be, 0 to 1.
    """
    import difflib  # for those who mistype, not for everybody who starts the program

    close = difflib.get_close_matches(name, [*names], n=1, cutoff=likeness)
    return close[0] if close else None


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence about a name that is not there: `did you mean raw?`."""
    known = sorted(names)
    close = nearest(name, known)
    return f"did you mean {close}?" if close else f"there are: {', '.join(known)}"


def is_device(name: str) -> bool:
    """Tell whether Windows keeps a name for a device, whatever its extension."""
    return name.partition(".")[0].rstrip().lower() in _DEVICES
