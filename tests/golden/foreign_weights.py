"""Saves the weights of bert-tiny as people do who do not call save_pretrained: python foreign_weights.py KIND FOLDER

The kinds of FORMATS need torch and transformers; those of OLDER a Python with transformers 4, TensorFlow and Flax, or peft.
"""

import argparse
import pickle
import sys
from pathlib import Path

HERE = Path(__file__).parent / "bert-tiny"


def model():
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(HERE).eval()


def state(prefix: str = "") -> dict:
    return {prefix + name: tensor for name, tensor in model().state_dict().items()}


def save(content, folder: Path, **options) -> None:
    import torch

    torch.save(content, folder / "pytorch_model.bin", **options)


def lightning(folder: Path) -> None:
    hyper = argparse.Namespace(lr=1e-3)
    save({"epoch": 3, "state_dict": state("model."), "hyper_parameters": hyper, "callbacks": {}, "loops": {}}, folder)


def numpy_loss(folder: Path) -> None:
    import numpy

    save({"model_state_dict": state(), "best": numpy.float64(0.5)}, folder)


def scripted(folder: Path) -> None:
    import torch

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model()

        def forward(self, ids):
            return self.inner(input_ids=ids).logits

    torch.jit.trace(Logits().eval(), torch.tensor([[2, 5, 3]])).save(folder / "pytorch_model.bin")


def pickled(content, folder: Path, protocol: int) -> None:
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(content, protocol=protocol))


FORMATS = {
    "whole": lambda folder: save(model(), folder),
    "whole-within": lambda folder: save({"epoch": 1, "model": model()}, folder),
    "whole-legacy": lambda folder: save(model(), folder, _use_new_zipfile_serialization=False),
    "lightning": lightning,
    "numpy": numpy_loss,
    "protocol-4": lambda folder: save(state(), folder, pickle_protocol=4),
    "two": lambda folder: save({"first": state(), "second": state()}, folder),
    "scripted": scripted,
    "pickle-arrays": lambda folder: pickled({name: tensor.numpy() for name, tensor in state().items()}, folder, 4),
    "pickle-model": lambda folder: pickled(model(), folder, 2),
}


def keras(folder: Path) -> None:
    import triton  # noqa: F401  before TensorFlow: the other way round ends the process
    import torch  # noqa: F401
    from transformers import TFAutoModelForSequenceClassification

    TFAutoModelForSequenceClassification.from_pretrained(HERE, from_pt=True).save_pretrained(folder, safe_serialization=False)


def flax(folder: Path) -> None:
    from transformers import FlaxAutoModelForSequenceClassification

    FlaxAutoModelForSequenceClassification.from_pretrained(HERE, from_pt=True).save_pretrained(folder, safe_serialization=False)


def lora(folder: Path) -> None:
    """Beside the adapter: what its logits are for the ids 2 5 3."""
    import json

    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    adapted = get_peft_model(model(), LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query", "value"]))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter.copy_(torch.randn(parameter.shape) * 0.3)
    adapted.save_pretrained(folder)
    with torch.no_grad():
        logits = adapted.eval()(input_ids=torch.tensor([[2, 5, 3]])).logits
    (folder / "logits.json").write_text(json.dumps(logits.tolist()))


OLDER = {"keras": keras, "flax": flax, "lora": lora}

if __name__ == "__main__":
    {**FORMATS, **OLDER}[sys.argv[1]](Path(sys.argv[2]))
