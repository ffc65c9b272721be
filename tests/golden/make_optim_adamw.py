"""AdamW through three stages on bert-tiny-4, dropout 0: 10 steps of the head, 10 of it and the last 2 layers, 10 of all.

Groups as they should be: decay on everything but biases and LayerNorm, frozen parameters in no group, state kept for
parameters that have trained before, and an own step count for those that are thawed later.
"""

import re

import torch
from golden_file import GOLDENS, digits, write
from safetensors.torch import save_file
from transformers import BertForSequenceClassification, get_linear_schedule_with_warmup
from transformers.utils import logging

logging.disable_progress_bar()
torch.set_num_threads(1)

STAGES = ["head", "last 2 layers and head", "all"]
WEIGHTS = ["optim_adamw_stage1.safetensors", "optim_adamw_stage2.safetensors", "optim_adamw_final.safetensors"]
STEPS, WARMUP = 10, 3
LAYER_RATE, HEAD_RATE = 5e-4, 1e-3
OPTIONS = {"weight_decay": 0.01, "betas": (0.9, 0.999), "eps": 1e-8}
MAX_GRAD_NORM = 1.0


def is_head(name: str) -> bool:
    return name.startswith(("bert.pooler.", "classifier."))


def trains(name: str, stage: int) -> bool:
    layer = re.match(r"bert\.encoder\.layer\.(\d+)\.", name)
    return stage == 2 or is_head(name) or (stage == 1 and layer is not None and int(layer[1]) >= 2)


def decays(name: str) -> bool:
    return not name.endswith(".bias") and "LayerNorm" not in name


def batches() -> list:
    """30 batches of 6 texts of 3 to 15 ids; the label says whether the first two ids sum to more than 60."""
    generator = torch.Generator().manual_seed(30)
    result = []
    for _ in range(len(STAGES) * STEPS):
        lengths = torch.randint(3, 16, (6,), generator=generator).tolist()
        ids = [torch.randint(1, 60, (length,), generator=generator).tolist() for length in lengths]
        result.append({"input_ids": ids, "labels": [int(row[0] + row[1] > 60) for row in ids]})
    return result


def groups(parameters: dict, stage: int) -> list:
    """The parameter groups of a stage, none of them empty; every trainable parameter in exactly one."""
    result = []
    for head in (False, True):
        for decay in (True, False):
            names = [n for n in parameters if trains(n, stage) and is_head(n) == head and decays(n) == decay]
            rates = {"lr": HEAD_RATE if head else LAYER_RATE, "weight_decay": OPTIONS["weight_decay"] if decay else 0.0}
            if names:
                result.append({"names": names, "params": [parameters[name] for name in names], **rates})
    return result


def pad(rows: list) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def loss_of(model: BertForSequenceClassification, batch: dict) -> torch.Tensor:
    rows = [torch.tensor(row) for row in batch["input_ids"]]
    mask = pad([torch.ones_like(row) for row in rows])
    return model(input_ids=pad(rows), attention_mask=mask, labels=torch.tensor(batch["labels"])).loss


def train(dtype: torch.dtype) -> tuple:
    model = BertForSequenceClassification.from_pretrained(GOLDENS / "bert-tiny-4", attn_implementation="eager", dtype=dtype)
    model.train()
    parameters = dict(model.named_parameters())
    steps, weights, state = [], [], {}
    feed = iter(batches())
    for stage in range(len(STAGES)):
        for name, parameter in parameters.items():
            parameter.requires_grad_(trains(name, stage))
        optimizer = torch.optim.AdamW(groups(parameters, stage), betas=OPTIONS["betas"], eps=OPTIONS["eps"], foreach=False)
        optimizer.state.update(state)
        schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
        trainable = [parameter for parameter in parameters.values() if parameter.requires_grad]
        for step in range(STEPS):
            batch = next(feed)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model, batch)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(trainable, MAX_GRAD_NORM)
            optimizer.step()
            factor = schedule.lr_lambdas[0](step)
            assert optimizer.param_groups[-1]["lr"] == HEAD_RATE * factor
            schedule.step()
            steps.append({"stage": stage, "step": step, "loss": loss.item(), "grad_norm": norm.item(), "lr_factor": factor, **batch})
        state = {parameter: optimizer.state[parameter] for parameter in trainable}
        weights.append({name: parameter.detach().clone() for name, parameter in parameters.items()})
    counts = {name: int(state[parameter]["step"]) for name, parameter in parameters.items()}
    return steps, weights, counts, parameters


steps, weights, step_counts, parameters = train(torch.float32)
exact_steps, exact_weights, _, _ = train(torch.float64)
for file, stage_weights in zip(WEIGHTS, weights):
    save_file(stage_weights, GOLDENS / file, metadata={"format": "pt"})


def gap(name: str) -> float:
    return (weights[-1][name].double() - exact_weights[-1][name]).abs().max().item()


key_biases = [name for name in parameters if name.endswith("key.bias")]
write("optim_adamw.json", __file__, ("torch", "transformers", "safetensors"), {
    "model": "bert-tiny-4",
    "note": "float32 on one thread. In each stage the schedule starts again at step 0. exact_* are the same run in float64; "
            "float32_* say how far the float32 run is from it. The gradient of attention key biases is zero in exact arithmetic, "
            "so Adam turns their rounding into steps: compare them with nothing.",
    "stages": [
        {
            "name": name, "steps": STEPS, "weights": WEIGHTS[stage],
            "groups": [{key: group[key] for key in ("lr", "weight_decay", "names")} for group in groups(parameters, stage)],
            "frozen": [parameter for parameter in parameters if not trains(parameter, stage)],
        }
        for stage, name in enumerate(STAGES)
    ],
    "betas": OPTIONS["betas"], "eps": OPTIONS["eps"], "max_grad_norm": MAX_GRAD_NORM,
    "schedule": {"type": "linear", "warmup_steps": WARMUP, "total_steps": STEPS},
    "final_step_counts": step_counts,
    "zero_gradient": key_biases,
    "float32_max_loss_difference": digits(max(abs(a["loss"] - b["loss"]) for a, b in zip(steps, exact_steps)), 3),
    "float32_max_weight_difference": digits(max(gap(name) for name in parameters if name not in key_biases), 3),
    "float32_max_key_bias_difference": digits(max(map(gap, key_biases)), 3),
    "exact_losses": [step["loss"] for step in exact_steps],
    "exact_grad_norms": [step["grad_norm"] for step in exact_steps],
    "steps": steps,
})
