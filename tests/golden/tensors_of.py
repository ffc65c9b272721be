"""The tensors of files of weights as JSON, for `npm run goldens`: a list with {name: {dtype, shape, values}} for each file.

    python tensors_of.py FILE...      .safetensors, or what torch.save wrote
"""

import json
import sys

import torch
from safetensors.torch import load_file


def spelled(number):
    """JSON has no infinities and no NaN."""
    return number if abs(number) < float("inf") else str(number)


def tensors_of(path: str) -> dict:
    tensors = load_file(path) if path.endswith(".safetensors") else torch.load(path, weights_only=True)
    return {
        name: {"dtype": str(tensor.dtype), "shape": list(tensor.shape), "values": [spelled(x) for x in tensor.detach().reshape(-1).tolist()]}
        for name, tensor in tensors.items()
    }


json.dump([tensors_of(path) for path in sys.argv[1:]], sys.stdout)
