"""Python's side of the shared cache, for tests/soak/hub.soak.ts:

    python hub_cache.py download ID   takes the files of a model from HF_ENDPOINT into the cache, prints its folder
    python hub_cache.py offline ID    prints the folder of the model as found in the cache without the network, and its files
    python hub_cache.py token ID      prints the token that would be sent, and the root of the cache
"""

import json
import os
import sys

action, model_id = sys.argv[1:]
if action == "offline":
    os.environ["HF_HUB_OFFLINE"] = "1"

from huggingface_hub import hf_hub_download, snapshot_download

if action == "download":
    for file in ["config.json", "model.safetensors", "tokenizer.json"]:
        path = hf_hub_download(model_id, file)
    print(json.dumps({"folder": os.path.dirname(path)}))
elif action == "token":
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.utils._headers import get_token_to_send

    print(json.dumps({"token": get_token_to_send(None), "cache": HF_HUB_CACHE}))
else:
    folder = snapshot_download(model_id)
    paths = {file: hf_hub_download(model_id, file) for file in sorted(os.listdir(folder))}
    print(json.dumps({"folder": folder, "files": {file: os.path.realpath(path) for file, path in paths.items()}}))
