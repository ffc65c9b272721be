"""Loads every folder below ROOT as a user of transformers would, and prints what it gives for texts and pairs as JSON, by folder.

    python check_saved_settings.py ROOT < inputs.json      inputs.json: {"texts": [...], "pairs": [[first, second], ...]}

{"ids": [...], "types": [...], "logits": [...]} of each text and pair alone, cut to what the tokenizer says.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

logging.set_verbosity(logging.CRITICAL)
logging.disable_progress_bar()
warnings.simplefilter("ignore")
torch.set_num_threads(1)

inputs = json.load(sys.stdin)


def given(folder: Path) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    rows = {"ids": [], "types": [], "logits": []}
    for text in [*inputs["texts"], *inputs["pairs"]]:
        out = tokenizer([text] if isinstance(text, str) else [text[0]], None if isinstance(text, str) else [text[1]], truncation=True, return_tensors="pt")
        ids = out["input_ids"][0].tolist()
        rows["ids"].append(ids)
        rows["types"].append(out["token_type_ids"][0].tolist() if "token_type_ids" in out else [0] * len(ids))
        with torch.no_grad():
            rows["logits"].append(model(**out).logits[0].tolist() if ids else [])
    return rows


answers = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        answers[folder.name] = given(folder)
    except Exception as error:
        answers[folder.name] = {"error": f"{type(error).__name__}: {error}"[:300]}
print(json.dumps(answers))
