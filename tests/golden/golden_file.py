"""How every golden is written: the versions that made it first, then its content, as compact JSON with one line per key."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent


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
    path = HERE / name
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{name}: {path.stat().st_size} bytes")
