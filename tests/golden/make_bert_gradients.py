"""Loss, logits and the gradient of every parameter of bert-tiny for one padded batch, by PyTorch in float64."""

import torch
from golden_file import GOLDENS, digits, write
from transformers import BertForSequenceClassification
from transformers.utils import logging

logging.disable_progress_bar()
torch.set_num_threads(1)

LENGTHS = [17, 3, 9, 12, 5]
SECOND_SEGMENT_FROM = [8, None, 4, None, 2]
LABELS = [0, 2, 1, 1, 0]

generator = torch.Generator().manual_seed(11)
input_ids = [torch.randint(1, 60, (length,), generator=generator) for length in LENGTHS]
token_type_ids = [
    torch.tensor([int(start is not None and i >= start) for i in range(length)])
    for length, start in zip(LENGTHS, SECOND_SEGMENT_FROM)
]


def padded(rows: list) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def run(dtype: torch.dtype):
    model = BertForSequenceClassification.from_pretrained(GOLDENS / "bert-tiny", attn_implementation="eager", dtype=dtype)
    model.eval()
    output = model(
        input_ids=padded(input_ids), token_type_ids=padded(token_type_ids),
        attention_mask=padded([torch.ones_like(row) for row in input_ids]), labels=torch.tensor(LABELS),
    )
    output.loss.backward()
    return output, dict(model.named_parameters())


truth, parameters = run(torch.float64)
single, single_parameters = run(torch.float32)


def float32_error(name: str) -> float:
    exact = parameters[name].grad
    return ((single_parameters[name].grad.double() - exact).norm() / exact.norm()).item()


write("bert_gradients.json", __file__, ("torch", "transformers"), {
    "model": "bert-tiny",
    "note": "Computed in float64 from the float32 weights of the folder. float32_* is PyTorch in float32, its errors relative in "
            "the L2 norm of each tensor. The gradient of attention key biases is zero in exact arithmetic.",
    "input_ids": [row.tolist() for row in input_ids],
    "token_type_ids": [row.tolist() for row in token_type_ids],
    "labels": LABELS,
    "loss": truth.loss.item(),
    "logits": digits(truth.logits),
    "float32_loss": digits(single.loss),
    "float32_logits": digits(single.logits),
    "zero_gradient": [name for name in parameters if name.endswith("key.bias")],
    "float32_relative_error": {
        name: digits(float32_error(name), 3) for name in parameters if not name.endswith("key.bias")
    },
    "shapes": {name: list(parameter.shape) for name, parameter in parameters.items()},
    "gradients": {name: digits(parameter.grad.flatten()) for name, parameter in parameters.items()},
})
