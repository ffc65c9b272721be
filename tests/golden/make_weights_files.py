"""The weights of bert-tiny in every form that transformers reads, and small torch files with every kind of view.

bert-tiny-bin         pytorch_model.bin, float32
bert-tiny-bin-shards  pytorch_model.bin in 3 files with an index, float16
bert-tiny-shards      model.safetensors in 3 files with an index, bfloat16
torch_views.bin       views, shared storages, parameters, and all element types; _legacy: as torch before 1.6 wrote it
weights_files.json    sha256 of every tensor as float32, and the values of torch_views.bin
"""

import collections
import hashlib
import json
import shutil

import torch
from golden_file import GOLDENS, write
from safetensors.torch import load_file, save_file

weights = load_file(GOLDENS / "bert-tiny" / "model.safetensors")


def folder(name: str):
    path = GOLDENS / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    shutil.copy(GOLDENS / "bert-tiny" / "config.json", path / "config.json")
    return path


def in_shards(path, tensors: dict, stem: str, suffix: str, save) -> None:
    names = sorted(tensors)
    files = [f"{stem}-{number + 1:05d}-of-00003.{suffix}" for number in range(3)]
    parts = [names[number::3] for number in range(3)]
    for file, part in zip(files, parts):
        save({name: tensors[name] for name in part}, path / file)
    weight_map = {name: file for file, part in zip(files, parts) for name in part}
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (path / f"{stem}.{suffix}.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


def sha256(tensors: dict) -> dict:
    return {name: hashlib.sha256(tensor.float().numpy().tobytes()).hexdigest() for name, tensor in sorted(tensors.items())}


halves = {name: tensor.half() for name, tensor in weights.items()}
brains = {name: tensor.bfloat16() for name, tensor in weights.items()}
state = collections.OrderedDict(weights)
state["bert.embeddings.position_ids"] = torch.arange(40).expand((1, -1))
state._metadata = collections.OrderedDict({"": {"version": 1}})
torch.save(state, folder("bert-tiny-bin") / "pytorch_model.bin")
in_shards(folder("bert-tiny-bin-shards"), halves, "pytorch_model", "bin", torch.save)
in_shards(
    folder("bert-tiny-shards"), brains, "model", "safetensors",
    lambda tensors, path: save_file(tensors, path, metadata={"format": "pt"}),
)

base = torch.arange(60, dtype=torch.float32) / 8 - 2
special = [1.0, -2.5, 6e-8, 65504.0, float("inf"), float("-inf"), 0.0, -0.0]
views = collections.OrderedDict(
    whole=base.view(3, 4, 5),
    transposed=base.view(12, 5).t(),
    permuted=base.view(3, 4, 5).permute(2, 0, 1),
    slice=base[7:19],
    columns=base.view(6, 10)[:, 3:8],
    every_third=base[1::3],
    scalar=torch.tensor(7.25),
    empty=torch.zeros(0, 4),
    expanded=torch.tensor([[1.5], [2.5]]).expand(2, 3),
    tied=base.view(3, 4, 5)[1],
    parameter=torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]])),
    half=torch.tensor(special, dtype=torch.float16),
    bfloat=torch.tensor(special, dtype=torch.bfloat16),
    double=torch.tensor([0.1, 1 / 3, 1e-300], dtype=torch.float64),
)
views["Größe ☃"] = torch.tensor([0.5])
views["__proto__"] = torch.tensor([0.25])
views["ids"] = torch.arange(3)
torch.save(views, GOLDENS / "torch_views.bin")
torch.save(views, GOLDENS / "torch_views_legacy.bin", _use_new_zipfile_serialization=False)
loaded = torch.load(GOLDENS / "torch_views.bin", weights_only=True)


def spelled(number: float):
    """JSON has no infinities; JavaScript's Number() reads these words."""
    return {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(number, number)


write(
    "weights_files.json",
    __file__,
    ("torch", "safetensors"),
    {
        "float32": sha256(weights),
        "float16": sha256(halves),
        "bfloat16": sha256(brains),
        "views": [
            {
                "name": name,
                "shape": list(tensor.shape),
                "values": [spelled(number) for number in tensor.detach().float().reshape(-1).tolist()],
            }
            for name, tensor in loaded.items()
            if tensor.is_floating_point()
        ],
    },
)
