"""How long a run will still take: by what each cell took last time, corrected by how this run goes."""

from datetime import datetime
from pathlib import Path

import nbformat

TRUSTED_SECONDS = 5.0
"""From this much finished work on, the speed of this run corrects the estimate."""


def cell_seconds(cell):
    """What the cell took when it was last executed, or `None` when that is not recorded in it."""
    times = cell.get("metadata", {}).get("execution", {})
    try:
        start, end = (datetime.fromisoformat(times[key].replace("Z", "+00:00")) for key in ("iopub.execute_input", "shell.execute_reply"))
    except (KeyError, ValueError):
        return None
    return (end - start).total_seconds()


def recorded(path: Path):
    """Seconds of each cell of an executed notebook; `None` where nothing is recorded; `[]` when there is no such file."""
    if not path.exists():
        return []
    return [cell_seconds(cell) for cell in nbformat.read(path, as_version=4).cells]


class Estimate:
    """Time left over all notebooks. `expected` holds one list per notebook: seconds per cell, `None` where unknown."""

    def __init__(self, expected):
        self.expected = expected
        self.finished_expected = 0.0
        self.finished_actual = 0.0

    def finish(self, notebook, cell, seconds):
        """Learns from a cell that has ended."""
        expected = self._of(notebook, cell)
        if expected is not None:
            self.finished_expected += expected
            self.finished_actual += seconds

    def left(self, notebook, cell, running_seconds):
        """Seconds left from this cell on, or `None` when any cell to come was never timed."""
        now = self._of(notebook, cell)
        later = [*self.expected[notebook][cell + 1 :], *(s for cells in self.expected[notebook + 1 :] for s in cells)]
        if now is None or None in later:
            return None
        trusted = self.finished_expected >= TRUSTED_SECONDS
        speed = self.finished_actual / self.finished_expected if trusted else 1.0
        return max(0.0, now * speed - running_seconds) + sum(later) * speed

    def _of(self, notebook, cell):
        cells = self.expected[notebook]
        return cells[cell] if cell < len(cells) else None
