"""The two ends, in Python, of the way of a model from transformers through Thaw and back.

    python round_trip.py make ROOT       writes ROOT/<model type>/theirs of every family, in three configs
    python round_trip.py compare ROOT    opens them and ROOT/<model type>/ours, and prints what differs as JSON
"""

import json
import sys
from pathlib import Path

import torch
from golden_file import made_with
from make_families import FAMILIES, LENGTHS, batch_of, model_of
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

action, root = sys.argv[1], Path(sys.argv[2])


def cases():
    for model_type, family in FAMILIES.items():
        for index, keys in enumerate(family.configs):
            yield f"{model_type}-{index}", model_type, family, keys, family.lengths.get(index, LENGTHS)


def make() -> None:
    for name, model_type, _, keys, _ in cases():
        model = model_of(model_type, keys, torch.float32)
        model.config.id2label = {i: f"label {i}" for i in range(model.config.num_labels)}
        model.config.label2id = {label: i for i, label in model.config.id2label.items()}
        model.save_pretrained(root / name / "theirs")


def opened(folder: Path, batch: dict):
    model, info = AutoModelForSequenceClassification.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
    )
    with torch.no_grad():
        logits = model.eval()(**{key: torch.tensor(rows) for key, rows in batch.items()}).logits
    return model, sorted(str(key) for which in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in info[which]), logits


def compare() -> None:
    found = {}
    for name, _, family, keys, lengths in cases():
        batch = batch_of(family, keys, lengths, torch.Generator().manual_seed(1))
        (theirs, _, before), (ours, wrong, after) = (opened(root / name / which, batch) for which in ("theirs", "ours"))
        first, second = (load_file(root / name / which / "model.safetensors") for which in ("theirs", "ours"))
        found[name] = {
            "class": type(ours).__name__ == type(theirs).__name__,
            "labels": ours.config.id2label == theirs.config.id2label,
            "wrong_keys": wrong,
            "tensors": len(first),
            "other_tensors": sorted(
                key for key in first.keys() | second.keys()
                if key not in first or key not in second or first[key].dtype != second[key].dtype
                or first[key].shape != second[key].shape or first[key].numpy().tobytes() != second[key].numpy().tobytes()
            ),
            "logits": (after - before).abs().max().item(),
        }
    print(json.dumps({"made_with": made_with("round_trip.py", "torch", "transformers", "safetensors"), "models": found}))


torch.set_num_threads(1)
make() if action == "make" else compare()
