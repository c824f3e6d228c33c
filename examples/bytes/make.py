"""Make the generated examples anew: the array, the sound, the database and the archive.

Usage: python make.py  (needs numpy; the other files are taken as they are, see README.md)
"""

from __future__ import annotations

import sqlite3
import wave
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def array() -> None:
    """Write the waves of two stones in a pond: int16, 256 × 512."""
    y, x = np.mgrid[0:256, 0:512]
    near, far = np.hypot(x - 130, y - 90), np.hypot(x - 380, y - 170)
    field = np.cos(near / 9) / (1 + near / 60) + np.cos(far / 13) / (1 + far / 60)
    np.save(HERE / "array.npy", (field * 12_000).astype(np.int16))


def sound() -> None:
    """Write a tone that rises from 20 Hz to 4 kHz: 8 bit, mono, 12 seconds."""
    rate, seconds = 16_000, 12
    time = np.arange(rate * seconds) / rate
    phase = 2 * np.pi * 20 * seconds / np.log(200) * (200 ** (time / seconds) - 1)
    with wave.open(str(HERE / "sound.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate)
        out.writeframes((128 + 100 * np.sin(phase)).astype(np.uint8).tobytes())


def database() -> None:
    """Write the lines of the time zone database as two indexed tables."""
    path = HERE / "database.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE rule (name TEXT, since INTEGER, fields TEXT)")
        db.execute("CREATE TABLE link (target TEXT, name TEXT PRIMARY KEY)")
        for line in (HERE / "text.txt").read_text(encoding="ascii").splitlines():
            kind, *fields = line.split()
            if kind == "R":
                db.execute("INSERT INTO rule VALUES (?, ?, ?)", (*fields[:2], " ".join(fields[2:])))
            elif kind == "L":
                db.execute("INSERT INTO link VALUES (?, ?)", fields)
        db.execute("CREATE INDEX by_year ON rule (since, name)")
    db.close()


def archive() -> None:
    """Zip the font, the library and the text."""
    with zipfile.ZipFile(HERE / "archive.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in ("font.ttf", "library.so", "text.txt"):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, (HERE / name).read_bytes())


if __name__ == "__main__":
    array()
    sound()
    database()
    archive()
