"""Executes notebooks by nbclient in the kernel `thaw`, all of them at once, and prints the outputs as JSON.

    execute_notebooks.py [--allow-errors] NOTEBOOK...      each a JSON array with the source of its cells
"""

import asyncio
import json
import sys

import nbformat
from nbclient import NotebookClient


async def outputs_of(cells, allow_errors):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, kernel_name="thaw", timeout=60, allow_errors=allow_errors)
    await client.async_execute()
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode("utf-8")  # as every tool that writes a file does
    return [{"count": cell.execution_count, "outputs": cell.outputs} for cell in notebook.cells]


async def main(arguments):
    allow_errors = "--allow-errors" in arguments
    notebooks = [json.loads(argument) for argument in arguments if argument != "--allow-errors"]
    return await asyncio.gather(*(outputs_of(cells, allow_errors) for cells in notebooks))


print(json.dumps(asyncio.run(main(sys.argv[1:]))))
