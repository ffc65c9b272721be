"""Loads a folder as a user of transformers would and prints what it found as JSON.

    python check_saved_model.py FOLDER < texts.json      texts.json: ["A text.", ["First of a pair.", "Second."]]

Prints {"made_with", "class", "num_labels", "problem_type", "id2label", "missing", "unexpected", "mismatched", "input_ids", "logits"}:
logits [texts][labels] of one padded batch, float32, eager attention; input_ids unpadded, truncated to what the model holds.
"""

import json
import sys

import torch
from golden_file import made_with
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

folder, texts = sys.argv[1], json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(folder)
model, info = AutoModelForSequenceClassification.from_pretrained(
    folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
)
batch = tokenizer([tuple(text) if isinstance(text, list) else text for text in texts], padding=True, truncation=True, max_length=model.config.max_position_embeddings, return_tensors="pt")
with torch.no_grad():
    logits = model.eval()(**batch).logits
print(json.dumps({
    "made_with": made_with("check_saved_model.py", "torch", "transformers"),
    "class": type(model).__name__,
    "num_labels": model.config.num_labels,
    "problem_type": model.config.problem_type,
    "id2label": model.config.id2label,
    "missing": sorted(info["missing_keys"]),
    "unexpected": sorted(info["unexpected_keys"]),
    "mismatched": [str(key) for key in sorted(info["mismatched_keys"])],
    "input_ids": [row[mask.bool()].tolist() for row, mask in zip(batch["input_ids"], batch["attention_mask"])],
    "logits": logits.tolist(),
}))
