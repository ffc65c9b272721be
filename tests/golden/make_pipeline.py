"""What `pipeline("text-classification")` of transformers answers: its shapes, its scores, and which function it applies.

Of bert-tiny under several configs; `rows` says how many rows of its head are kept. Needs bert-tiny.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from golden_file import GOLDENS, write
from safetensors.torch import load_file, save_file
from transformers import pipeline
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

NAMES = {"id2label": {"0": "low", "1": "middle", "2": "high"}}
VARIANTS = {
    "one label an example": {**NAMES},
    "said to be one label": {**NAMES, "problem_type": "single_label_classification"},
    "several labels": {**NAMES, "problem_type": "multi_label_classification"},
    "three numbers": {**NAMES, "problem_type": "regression"},
    "one output": {"id2label": {"0": "stars"}},
    "one number": {"id2label": {"0": "stars"}, "problem_type": "regression"},
    "one of several labels": {"id2label": {"0": "stars"}, "problem_type": "multi_label_classification"},
    "names that are no texts": {"id2label": {"0": 0, "1": True, "2": None}},
    "no names": {"id2label": None, "num_labels": 3},
}
TEXTS = ["a b c", "Zebra, yes!", "x", "the quick brown fox jumps over the lazy dog. " * 4]
PAIRS = [{"text": "a b", "text_pair": "c"}, {"text": "x y z", "text_pair": "the quick brown fox, " * 5}]
CALLS = [
    (TEXTS[0], {}), (TEXTS, {}), ([TEXTS[1]], {}), (PAIRS[0], {}), (PAIRS, {}),
    *[(given, {"top_k": top_k}) for given in [TEXTS[0], TEXTS, PAIRS[0], PAIRS] for top_k in [None, 1, 2, 9]],
    *[(TEXTS, {"top_k": None, "function_to_apply": name}) for name in ["softmax", "sigmoid", "none"]],
]


def answers(config: dict) -> list:
    rows = len(config["id2label"] or "...")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(GOLDENS / "bert-tiny", folder, dirs_exist_ok=True)
        kept = {key: value for key, value in json.loads(Path(folder, "config.json").read_text()).items() if key not in ("id2label", "label2id")}
        Path(folder, "config.json").write_text(json.dumps({**kept, **config}))
        weights = load_file(Path(folder, "model.safetensors"))
        for name in ["classifier.weight", "classifier.bias"]:
            weights[name] = weights[name][:rows].clone()
        save_file(weights, Path(folder, "model.safetensors"), metadata={"format": "pt"})
        classify = pipeline("text-classification", folder, device="cpu", dtype=torch.float32)
        return [[given, options, classify(given, truncation=True, **options)] for given, options in CALLS]


write("pipeline.json", __file__, ("torch", "transformers"), {
    name: {"config": config, "rows": len(config["id2label"] or "..."), "calls": answers(config)}
    for name, config in VARIANTS.items()
})
