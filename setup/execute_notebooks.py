"""Executes notebooks in the kernel `thaw`, shows what they print as they print it, and keeps the executed copies.

    execute_notebooks.py [--kernel NAME] SOURCE_FOLDER RESULT_FOLDER [NOTEBOOK.ipynb ...]

Ends with 0, with 1 when a cell fails, with 130 when it is stopped.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

from notebook_screen import Screen, duration
from notebook_times import Estimate, recorded

MOST_LINES = 60
"""Longest text of one output that is shown; the executed notebook has all of it."""


class LiveClient(NotebookClient):
    """A notebook client that shows every output message the moment it comes."""

    screen = None

    def process_message(self, msg, cell, cell_index):
        kind, content = msg["msg_type"], msg["content"]
        if kind == "stream":
            self.screen.text(content["text"])
        elif kind in ("display_data", "execute_result", "update_display_data"):
            text = shortened(content["data"].get("text/plain", ""))
            display_id = (content.get("transient") or {}).get("display_id")
            if text and kind == "update_display_data":
                self.screen.update(text, display_id)
            elif text:
                self.screen.display(text, display_id)
        return super().process_message(msg, cell, cell_index)


class Run:
    """One run over several notebooks: where it is, and what is printed about it."""

    def __init__(self, paths, result_folder, kernel):
        self.notebooks = [(path, nbformat.read(path, as_version=4)) for path in paths]
        self.result_folder = result_folder
        self.kernel = kernel
        self.estimate = Estimate([self.expectation(path, notebook) for path, notebook in self.notebooks])
        self.screen = Screen(self.status)
        self.start = self.cell_start = time.monotonic()
        self.at = (0, 0)
        self.stopped = False

    def expectation(self, path, notebook):
        """Seconds per cell: of the last run in this clone, or those recorded in the notebook itself."""
        for times in (recorded(self.result_folder / path.name), recorded(path)):
            codes = [cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells]
            if len(times) == len(codes) and any(seconds is not None for seconds in times):
                return [seconds if code else 0.0 for seconds, code in zip(times, codes)]
        return [None if cell.cell_type == "code" else 0.0 for cell in notebook.cells]

    def status(self):
        index, cell = self.at
        path, notebook = self.notebooks[index]
        codes = [i for i, other in enumerate(notebook.cells) if other.cell_type == "code"]
        number = sum(1 for i in codes if i <= cell)
        left = self.estimate.left(index, cell, time.monotonic() - self.cell_start)
        return (
            f"[{path.stem}, {index + 1} of {len(self.notebooks)}] cell {number} of {len(codes)}, "
            f"{duration(time.monotonic() - self.start)}" + ("" if left is None else f", about {duration(left)} left")
        )

    async def execute(self):
        for index, (path, notebook) in enumerate(self.notebooks):
            print(f"\n== Notebook {index + 1} of {len(self.notebooks)}: {path.stem}", flush=True)
            start = time.monotonic()
            self.at = (index, 0)
            await self.execute_one(index, path, notebook)
            print(f"== {path.stem}: {duration(time.monotonic() - start)}, {self.result_folder.name}/{path.name}", flush=True)

    async def execute_one(self, index, path, notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        client = LiveClient(
            notebook,
            kernel_name=self.kernel,
            timeout=None,
            iopub_timeout=60,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(path.parent)}},
            on_notebook_start=self.stop_on_signal,
            on_cell_start=lambda cell, cell_index: self.cell_begins(index, cell_index),
            on_cell_executed=lambda cell, cell_index, execute_reply: self.cell_ends(index, cell_index),
        )
        client.screen = self.screen
        ticking = asyncio.create_task(self.tick())
        failed = self.result_folder / f"{path.stem}.failed.ipynb"
        try:
            await client.async_execute()
        except (CellExecutionError, DeadKernelError):
            if self.stopped:  # nbclient takes its own cancelling for the kernel's death
                raise asyncio.CancelledError from None
            write_whole(failed, nbformat.writes(notebook))
            raise
        finally:
            ticking.cancel()
            self.screen.end()
        failed.unlink(missing_ok=True)
        write_whole(self.result_folder / path.name, nbformat.writes(notebook))
        html, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": path.stem}})
        write_whole(self.result_folder / f"{path.stem}.html", html)

    async def stop_on_signal(self, notebook):
        """nbclient's own handlers leave the execution waiting for a kernel that is gone."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop():
            self.stopped = True
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)

    def cell_begins(self, index, cell_index):
        self.at, self.cell_start = (index, cell_index), time.monotonic()

    def cell_ends(self, index, cell_index):
        self.estimate.finish(index, cell_index, time.monotonic() - self.cell_start)
        self.screen.cell_end()

    async def tick(self):
        while True:
            await asyncio.sleep(1)
            self.screen.tick()

    def comparison(self):
        """Plain text of the last output of the last cell tagged `comparison`, or `None`."""
        tagged = [
            output.data["text/plain"]
            for _, notebook in self.notebooks
            for cell in notebook.cells
            if "comparison" in cell.metadata.get("tags", [])
            for output in cell.get("outputs", [])
            if "text/plain" in output.get("data", {})
        ]
        return tagged[-1] if tagged else None


def shortened(text):
    lines = text.splitlines()
    return text if len(lines) <= MOST_LINES else "\n".join([*lines[:MOST_LINES], f"... {len(lines) - MOST_LINES} more lines"])


def write_whole(path, text):
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="thaw")
    parser.add_argument("source", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    args.results.mkdir(parents=True, exist_ok=True)
    run = Run([args.source / name for name in args.names], args.results, args.kernel)
    try:
        asyncio.run(run.execute())
    except CellExecutionError as error:
        path, _ = run.notebooks[run.at[0]]
        print(f"\nA cell of {path.name} failed (what ran before it is in {path.stem}.failed.ipynb):\n{error.traceback}", file=sys.stderr)
        return 1
    except DeadKernelError:
        print(f"\nThe kernel died: {run.status()}. Often memory: see `npm run doctor` and the system log.", file=sys.stderr)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        run.screen.end()
        print("\nStopped. Notebooks that were finished are kept; the next run starts over.", file=sys.stderr)
        return 130
    comparison = run.comparison()
    if comparison is not None:
        print(f"\n{comparison}")
    print(f"\nAll notebooks ran in {duration(time.monotonic() - run.start)}.")
    return 0


sys.exit(main())
