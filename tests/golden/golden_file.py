"""How every golden is written: the versions that made it first, then its content, as compact JSON with one line per key."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
GOLDENS = Path(os.environ.get("THAW_GOLDENS", HERE))
"""Where the programs write, and read what others have written: `npm run goldens` gives a folder of its own."""
MINILM = os.environ.get("THAW_MODEL") or HERE.parents[1] / ".thaw/models/sentence-transformers/all-MiniLM-L6-v2"
"""The folder of the real model, by default where set-up puts it."""


def made_with(program: str, *packages: str) -> dict:
    return {"program": program, "python": platform.python_version(), **{name: version(name) for name in packages}}


def digits(values, significant: int = 9) -> list:
    """A tensor or nested list of numbers as nested lists, each number rounded to `significant` digits.

    9 digits name a float32 exactly, and a float64 to a relative 5e-10.
    """
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, list):
        return [digits(value, significant) for value in values]
    return float(f"{values:.{significant}g}")


def write(name: str, program: str, packages: tuple, content: dict) -> None:
    content = {"made_with": made_with(Path(program).name, *packages), **content}
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    lines = [f"{json.dumps(key)}: {json.dumps(value, **compact)}" for key, value in content.items()]
    path = GOLDENS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{name}: {path.stat().st_size} bytes")
