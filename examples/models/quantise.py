"""Turn the base into GGUF: llama.cpp's converter, then llama.cpp's own quantisations.

Usage: python quantise.py LLAMA_CPP LLAMA_QUANTIZE
LLAMA_CPP is a folder with llama.cpp's source (its convert_hf_to_gguf.py is run), LLAMA_QUANTIZE
the program built from it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MODEL = "llama-code"
TYPES = ("Q8_0", "Q4_K_M", "IQ4_XS")


def main() -> None:
    """Write one GGUF file for each type."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("llama_cpp", type=Path)
    parser.add_argument("llama_quantize", type=Path)
    chosen = parser.parse_args()
    converter = chosen.llama_cpp / "convert_hf_to_gguf.py"
    folder = HERE / f"{MODEL}-gguf"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / f"{MODEL}-BF16.gguf"
        model = [str(HERE / MODEL), "--outtype", "bf16", "--outfile", str(whole)]
        subprocess.run([sys.executable, str(converter), *model], check=True)  # noqa: S603
        for name in TYPES:
            out = folder / f"{MODEL}-{name}.gguf"
            command = [str(chosen.llama_quantize), str(whole), str(out), name, "1"]
            subprocess.run(command, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
