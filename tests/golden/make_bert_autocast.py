"""bert-tiny under PyTorch's bfloat16 autocast on the CPU, on the batch of bert_gradients.json, beside the same in float64."""

import json

import torch
from golden_file import GOLDENS, digits, write
from transformers import BertForSequenceClassification
from transformers.utils import logging

logging.disable_progress_bar()
torch.set_num_threads(1)

batch = json.loads((GOLDENS / "bert_gradients.json").read_text(encoding="utf-8"))


def padded(rows: list) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


def run(dtype: torch.dtype, autocast: bool):
    model = BertForSequenceClassification.from_pretrained(GOLDENS / "bert-tiny", attn_implementation="eager", dtype=dtype)
    model.eval()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        output = model(
            input_ids=padded(batch["input_ids"]), token_type_ids=padded(batch["token_type_ids"]),
            attention_mask=padded([[1] * len(row) for row in batch["input_ids"]]), labels=torch.tensor(batch["labels"]),
        )
    output.loss.backward()
    return output, dict(model.named_parameters())


truth, parameters = run(torch.float64, autocast=False)
narrow, narrow_parameters = run(torch.float32, autocast=True)


def relative_error(name: str) -> float:
    exact = parameters[name].grad
    return ((narrow_parameters[name].grad.double() - exact).norm() / exact.norm()).item()


write("bert_autocast.json", __file__, ("torch", "transformers"), {
    "model": "bert-tiny",
    "note": "The batch is that of bert_gradients.json. Weights are float32 and stay so. relative_error is that of the gradient "
            "under autocast, in the L2 norm of each tensor; key biases, whose gradient is zero in exact arithmetic, are left out.",
    "loss": truth.loss.item(),
    "logits": digits(truth.logits),
    "autocast_loss": digits(narrow.loss),
    "autocast_logits": digits(narrow.logits.float()),
    "relative_error": {name: digits(relative_error(name), 3) for name in parameters if not name.endswith("key.bias")},
})
