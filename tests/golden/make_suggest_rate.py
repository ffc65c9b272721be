"""The learning rates that fastai suggests from the curves of range tests, by its own functions.

fastai asks for a PyTorch of another version than the other goldens, so it is not installed: its wheel is fetched, and the
four definitions are taken out of its source and run as they are. They need nothing of fastai but torch.
"""

import ast
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from golden_file import digits, write

FASTAI = "2.8.12"
SHA256 = "50474575768679ba7352bebd0fdf8e7d2c4ddc10242455bec79a19c964f03fd0"


def source(path: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", folder, f"fastai=={FASTAI}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256
        return zipfile.ZipFile(wheel).read(path).decode()


def definitions(path: str, names: set) -> dict:
    tree = ast.parse(source(path))
    tree.body = [node for node in tree.body if getattr(node, "name", None) in names]
    assert {node.name for node in tree.body} == names
    space = {"torch": torch, "tensor": torch.tensor, "Metric": object, "to_detach": torch.detach}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            node.decorator_list = []  # they write documentation
    exec(compile(tree, path, "exec"), space)
    return space


torch.set_default_dtype(torch.float64)
rules = definitions("fastai/callback/schedule.py", {"valley", "steep", "minimum"})
AvgSmoothLoss = definitions("fastai/learner.py", {"AvgSmoothLoss"})["AvgSmoothLoss"]


def smoothed(losses: np.ndarray) -> list:
    class Learner:
        pass

    mean, learner = AvgSmoothLoss(beta=0.98), Learner()
    mean.reset()
    values = []
    for loss in losses:
        learner.loss = torch.tensor(loss)
        mean.accumulate(learner)
        values.append(float(mean.value))
    return values


def case(name: str, losses: np.ndarray, num_it: int, start: float = 1e-7, end: float = 10, smooth: bool = True) -> dict:
    """What `lr_find` does with the losses of a test: it cuts both ends and asks every rule."""
    rates = [start * (end / start) ** (i / num_it) for i in range(len(losses))]
    curve = digits(smoothed(losses) if smooth else losses, 17)
    lrs, kept = torch.tensor(rates[num_it // 10:-5]), torch.tensor(curve[num_it // 10:-5])
    suggested = {rule: float(rules[rule](lrs, kept, num_it)[0]) for rule in ("valley", "steep", "minimum")}
    raw = {"raw": digits(losses, 17)} if smooth else {}
    return {"name": name, "numSteps": num_it, "rates": digits(rates, 17), **raw, "losses": curve, **suggested}


rng = np.random.default_rng(0)
grid = np.linspace(0, 1, 100)
dip = 0.7 - 0.3 / (1 + np.exp(-25 * (grid - 0.6))) + 8 * np.clip(grid - 0.85, 0, None) ** 2
cases = [
    case("a dip", dip, 100),
    case("a dip with noise", dip + rng.normal(0, 0.05, 100), 100),
    case("a dip with much noise, not smoothed", dip + rng.normal(0, 0.2, 100), 100, smooth=False),
    case("cut off where the loss explodes", np.append(dip[:80], [2.0, 9.0, 40.0]) + rng.normal(0, 0.02, 83), 100),
    case("a fall from the first step to the last", 1 - grid, 100, smooth=False),
    case("a rise from the first step to the last", 1 + grid, 100, smooth=False),
    case("the same loss in every step", np.ones(100), 100, smooth=False),
    case("two lowest losses", np.abs(np.abs(grid * 99 - 50) - 20) + 1, 100, smooth=False),
    case("few steps", rng.normal(1, 0.1, 20), 20),
    case("other ends", dip + rng.normal(0, 0.01, 100), 100, start=1e-5, end=1),
    case("two steps that are left", np.array([3.0, 2.0, 1.5, 1.0, 1.2, 1.3, 1.4, 1.5, 1.6]), 20, smooth=False),
]
cases += [case(f"noise {i}", rng.normal(1, 0.3, n), n, smooth=i % 2 == 0) for i, n in enumerate([20, 33, 50, 64, 100, 200])]
write("suggest_rate.json", __file__, ("torch", "numpy"), {
    "fastai": FASTAI,
    "note": "rates[i] is that of step i; losses are smoothed where there are raw ones; the rules are asked for losses[numSteps // 10:-5]",
    "cases": cases,
})
