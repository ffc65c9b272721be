"""What a notebook prints while it runs, for a terminal (lines are rewritten) or a file (lines are added, and few)."""

import shutil
import sys
import time

QUIET_SECONDS = 10.0
"""Least time between two progress lines where a line cannot be rewritten."""


def duration(seconds):
    """`0.4 s`, `12 s` or `2 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    return f"{int(seconds + 0.5) // 60} min {int(seconds + 0.5) % 60:02d} s"


class Screen:
    """Prints outputs as they come, with one status line under them.

    `status` is a function that gives the status line of this moment.
    """

    def __init__(self, status, stream=sys.stdout):
        self.status = status
        self.stream = stream
        self.live = stream.isatty()
        self.block = None  # (display id, lines) of the display that is the last thing on a terminal
        self.pending = {}  # display id -> its newest text, not printed yet
        self.last_line = time.monotonic()
        self.open_line = False  # a stream's text that has not ended its line

    def text(self, text):
        """Text of a stream, as it came."""
        self._clear()
        self.block = None
        self.stream.write(text)
        self.open_line = not text.endswith("\n")
        self._restore()

    def display(self, text, display_id=None):
        """A new output, whole."""
        self._line_end()
        lines = text.splitlines()
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.block = (display_id, self._visible(lines)) if display_id else None
        self._restore()

    def update(self, text, display_id):
        """A display that changed: rewritten in place on a terminal, kept for later elsewhere."""
        if not self.live:
            self.pending[display_id] = text
            self.tick()
            return
        if self.block is not None and self.block[0] == display_id:
            self._clear()
            rows = len(self.block[1])
            self.stream.write(f"\x1b[{rows}F\x1b[J" if rows else "")
        else:
            self._line_end()
        lines = self._visible(text.splitlines())
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.block = (display_id, lines)
        self._restore()

    def tick(self):
        """Shows that the run lives. Called about once a second."""
        if self.live:
            self._clear()
            self._restore()
        elif time.monotonic() - self.last_line >= QUIET_SECONDS:
            self._line_end()
            # the first line of a live display sums it up
            newest = [text.strip().splitlines()[0] for text in self.pending.values() if text.strip()]
            self.stream.write("  ".join([self.status(), *newest[-1:]]) + "\n")
            self._restore()

    def cell_end(self):
        """Prints the last state of each display that was only kept."""
        for text in self.pending.values():
            self._line_end()
            self.stream.write(text.rstrip("\n") + "\n")
        self.pending.clear()
        self.block = None
        self._line_end()
        self._restore()

    def end(self):
        """Takes the status line away."""
        self._line_end()
        self.stream.flush()

    def _visible(self, lines):
        """Lines cut to the terminal's width, so that each takes one row and can be rewritten."""
        if not self.live:
            return lines
        size = shutil.get_terminal_size()
        return [line[: size.columns - 1] for line in lines[-(size.lines - 2) :]]

    def _clear(self):
        if self.live and not self.open_line:
            self.stream.write("\r\x1b[K")

    def _line_end(self):
        self._clear()
        if self.open_line:
            self.stream.write("\n")
            self.open_line = False

    def _restore(self):
        if self.live and not self.open_line:
            self.stream.write(self._visible([self.status()])[0])
        self.last_line = time.monotonic()
        self.stream.flush()
