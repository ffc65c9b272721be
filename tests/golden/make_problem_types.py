"""Losses and gradients of every family under each problem type, by transformers; and of logits far apart, by PyTorch.

The models are those of make_families.py, case 0, on the same batch, with the number of labels of the problem type, in float64
(ModernBERT in float32). problem_type is always written into the config: where it is null, the DeBERTas have another loss.
"""

import torch
from golden_file import digits, write
from make_families import FAMILIES, LENGTHS, batch_of, block_of, gradient_of, model_of

TEXTS = len(LENGTHS)
KINDS = {
    "several labels": ("multi_label_classification", [[i % 2, (i + 1) % 3 // 2, int(i > 2)] for i in range(TEXTS)]),
    "one number": ("regression", [[1.5 * i - 2] for i in range(TEXTS)]),
    "three numbers": ("regression", [[0.5 * i, -1.0, 3.0 - i] for i in range(TEXTS)]),
}


def case_of(model_type: str, name: str) -> dict:
    family, (problem_type, labels) = FAMILIES[model_type], KINDS[name]
    keys = {**family.configs[0], "num_labels": len(labels[0]), "problem_type": problem_type}
    model = model_of(model_type, keys, family.dtype).eval()
    batch = batch_of(family, family.configs[0], LENGTHS, torch.Generator().manual_seed(0))
    # a model with one output is given one number a text, as transformers' own collators do
    target = torch.tensor(labels, dtype=family.dtype)
    target = target[:, 0] if len(labels[0]) == 1 else target
    output = model(**{key: torch.tensor(rows) for key, rows in batch.items()}, labels=target)
    output.loss.backward()
    gradients = {key: parameter.grad for key, parameter in model.named_parameters() if parameter.grad is not None}
    return {
        "name": name, "problem_type": problem_type, "labels": labels, "loss": output.loss.item(),
        "gradient_norm": torch.linalg.vector_norm(torch.stack([grad.norm() for grad in gradients.values()])).item(),
        "gradients": {key: gradient_of(key, grad) for key, grad in gradients.items() if block_of(key) == "head"},
    }


def loss_of(loss, name: str, logits: list, labels: list) -> dict:
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    value = loss(x, torch.tensor(labels, dtype=torch.float64))
    value.backward()
    return {"name": name, "logits": logits, "labels": labels, "loss": value.item(), "gradient": digits(x.grad)}


BCE, MSE = torch.nn.BCEWithLogitsLoss(), torch.nn.MSELoss()
LOGITS = [[0.3, -2.0, 5.5], [0.0, 1.25, -0.75], [80.0, -80.0, 0.001], [-9.0, 17.0, -1000.0]]
ONES = [[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1]]
NUMBERS = [[0.5, -2.0, 4.0], [1.0, 2.5, -1000.0], [80.0, 75.5, 0.0], [-9.5, 17.0, -999.0]]

if __name__ == "__main__":
    write("problem_types.json", __file__, ("torch", "transformers", "numpy"), {
        "binary_cross_entropy": [loss_of(BCE, "three labels", LOGITS, ONES), loss_of(BCE, "one label", [[2.0], [-0.5]], [[0], [0]])],
        "mean_squared_error": [loss_of(MSE, "three outputs", LOGITS, NUMBERS), loss_of(MSE, "one output", [[2.0], [-0.5]], [[1.25], [3.0]])],
        **{model_type: [case_of(model_type, name) for name in KINDS] for model_type in FAMILIES},
    })
