"""Runs cells as JupyterLab does, through a Jupyter server: by WebSocket, and saved by its contents API.

    jupyterlab.py FOLDER SOURCE...      writes FOLDER/lab.ipynb and prints the outputs that came, as JSON
"""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import uuid

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

TOKEN = secrets.token_hex()
OUTPUTS = {"stream", "display_data", "execute_result", "error"}


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


async def ask(base, method, path, body=None):
    request = HTTPRequest(
        f"http://{base}{path}",
        method=method,
        headers={"Authorization": f"token {TOKEN}"},
        body=None if body is None else json.dumps(body),
    )
    return json.loads((await AsyncHTTPClient().fetch(request)).body or "null")


async def wait_for(base):
    for _ in range(600):
        try:
            return await ask(base, "GET", "/api")
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the server did not start")


async def run(channels, source):
    """The outputs of one cell, as they stand in the server's messages."""
    identity = uuid.uuid4().hex
    header = {"msg_id": identity, "msg_type": "execute_request", "username": "", "session": "lab", "version": "5.3"}
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "user_expressions": {}}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await channels.write_message(json.dumps(message))
    outputs = []
    while True:
        message = json.loads(await asyncio.wait_for(channels.read_message(), 30))
        if message["parent_header"].get("msg_id") != identity or message["channel"] != "iopub":
            continue
        kind, content = message["msg_type"], message["content"]
        if kind in OUTPUTS:
            outputs.append({"output_type": kind, **{key: content[key] for key in content if key != "transient"}})
        if kind == "status" and content["execution_state"] == "idle":
            return outputs


async def main(folder, sources):
    base = f"127.0.0.1:{free_port()}"
    options = ["--no-browser", "--allow-root", f"--port={base.split(':')[1]}", f"--ServerApp.root_dir={folder}"]
    program = [sys.executable, "-m", "jupyter_server", *options, f"--IdentityProvider.token={TOKEN}"]
    server = subprocess.Popen(program, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await wait_for(base)
        kernel = (await ask(base, "POST", "/api/kernels", {"name": "thaw"}))["id"]
        request = HTTPRequest(f"ws://{base}/api/kernels/{kernel}/channels", headers={"Authorization": f"token {TOKEN}"})
        channels = await websocket_connect(request)
        cells = []
        for index, source in enumerate(sources):
            cell = {"cell_type": "code", "id": f"c{index}", "source": source, "metadata": {}, "execution_count": None}
            cells.append({**cell, "outputs": await run(channels, source)})
        kernelspec = {"name": "thaw", "display_name": "Thaw", "language": "typescript"}
        notebook = {"cells": cells, "metadata": {"kernelspec": kernelspec}, "nbformat": 4, "nbformat_minor": 5}
        await ask(base, "PUT", "/api/contents/lab.ipynb", {"type": "notebook", "format": "json", "content": notebook})
        opened = await ask(base, "GET", "/api/contents/lab.ipynb?content=1")
        print(json.dumps([cell["outputs"] for cell in opened["content"]["cells"]]))
        await AsyncHTTPClient().fetch(
            HTTPRequest(f"http://{base}/api/kernels/{kernel}", method="DELETE", headers={"Authorization": f"token {TOKEN}"})
        )
    finally:
        server.terminate()
        server.wait()


asyncio.run(main(sys.argv[1], sys.argv[2:]))
