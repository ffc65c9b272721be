"""What transformers reads of odd labels in config.json."""

import json
import tempfile
from pathlib import Path

from golden_file import write
from transformers import AutoConfig
from transformers.utils import logging

logging.set_verbosity_error()

NAMES = {"0": "no", "1": "yes"}
CASES = [
    {},
    {"num_labels": 3}, {"num_labels": 1}, {"num_labels": 0}, {"num_labels": -1}, {"num_labels": 2.5}, {"num_labels": "2"},
    {"id2label": None}, {"id2label": {}}, {"id2label": NAMES}, {"id2label": {"1": "yes", "0": "no"}},
    {"id2label": {"0": 0, "1": 1}}, {"id2label": {"0": False, "1": True}}, {"id2label": {"0": None, "1": "x"}},
    {"id2label": {"0": 1.5, "1": -2}}, {"id2label": {"0": "a", "1": "a"}}, {"id2label": {"0": "", "1": " "}},
    {"id2label": {"0": "a", "2": "b"}}, {"id2label": {"1": "a", "2": "b"}}, {"id2label": {"-1": "a", "0": "b"}},
    {"id2label": {" 0 ": "a", "+1": "b"}}, {"id2label": {"1_0": "a", "0": "b"}},
    {"id2label": {"a": 0, "b": 1}}, {"id2label": {"0.0": "a"}}, {"id2label": {"": "a"}},
    {"id2label": ["a", "b"]}, {"id2label": "ab"}, {"id2label": 3},
    {"id2label": NAMES, "num_labels": 2}, {"id2label": NAMES, "num_labels": 5}, {"id2label": NAMES, "num_labels": 1},
    {"label2id": {"a": 0, "b": 1, "c": 2}}, {"label2id": {"a": 0, "b": 1, "c": 2}, "num_labels": 3},
    {"id2label": NAMES, "label2id": {"no": 1, "yes": 0}}, {"id2label": NAMES, "label2id": {"no": "0", "yes": "1"}},
    {"id2label": {"0": "__proto__", "1": "constructor"}}, {"id2label": {"0": "😀", "1": "é"}},
    {"num_labels": 1, "problem_type": "single_label_classification"}, {"num_labels": 1, "problem_type": "regression"},
    {"num_labels": 3, "problem_type": "multi_label_classification"},
]


def read(labels: dict) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps({"model_type": "bert", **labels}))
        try:
            config = AutoConfig.from_pretrained(folder)
        except Exception as error:
            return {"error": type(error).__name__}
    if config.num_labels == 0:
        return {"error": "no output"}
    return {
        "num_labels": config.num_labels,
        "id2label": [[key, value] for key, value in config.id2label.items()],
        "label2id": config.label2id,
        "problem_type": config.problem_type,
    }


write("config_labels.json", __file__, ("transformers",), {"cases": [{"labels": labels, **read(labels)} for labels in CASES]})
