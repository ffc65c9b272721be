"""The factor of each schedule at every step: of the transformers functions that the schedulers themselves call, of PyTorch's
OneCycleLR and ReduceLROnPlateau, stepped, and of equation 3 of ULMFiT (arXiv:1801.06146)."""

import math
import random

import torch
import transformers
from golden_file import write

# (warmup, total): none, usual, one step, warmup to the very end, nothing but one step, odd numbers.
CASES = [(0, 10), (3, 10), (1, 10), (10, 10), (0, 1), (1, 1), (7, 100), (100, 333), (9, 10)]
PAST_THE_END = 5
RATE = 5e-5


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)


def factors(name: str, steps: int, **options) -> dict:
    factor = getattr(transformers.optimization, f"get_{name}")(optimizer(), **options).lr_lambdas[0]
    return {"schedule": name, **options, "factors": [float(factor(step)) for step in range(steps)]}


def one_cycle(total: int, **options) -> dict:
    sgd = optimizer()
    scheduler = torch.optim.lr_scheduler.OneCycleLR(sgd, RATE, total_steps=total, cycle_momentum=False, **options)
    rates = []
    for _ in range(total):
        rates.append(sgd.param_groups[0]["lr"] / RATE)
        sgd.step()
        if len(rates) < total:
            scheduler.step()
    return {"schedule": "one_cycle", "num_training_steps": total, **options, "factors": rates}


def slanted(total: int, cut_frac: float, ratio: float) -> dict:
    """Equation 3, its p not below 0: where total * cut_frac is not whole, the line would go on below the lowest rate."""
    cut = math.floor(total * cut_frac)
    share = [t / cut if t < cut else 1 - (t - cut) / (cut * (1 / cut_frac - 1)) for t in range(total)]
    rates = [(1 + max(0, p) * (ratio - 1)) / ratio for p in share]
    options = {"num_training_steps": total, "cut_frac": cut_frac, "ratio": ratio}
    return {"schedule": "slanted_triangular", **options, "factors": rates}


def plateau(mode: str, values: list, **options) -> dict:
    """factors[n] is the factor after the first n values."""
    sgd = optimizer()
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, mode=mode, **options)
    rates = [1.0]
    for value in values:
        scheduler.step(value)
        rates.append(sgd.param_groups[0]["lr"] / RATE)
    return {"mode": mode, "rate": RATE, **options, "values": values, "factors": rates}


cases = [factors("constant_schedule", 12)]
for warmup, total in CASES:
    steps = total + 1 + PAST_THE_END
    length = {"num_warmup_steps": warmup, "num_training_steps": total}
    cases += [
        factors("linear_schedule_with_warmup", steps, **length),
        factors("cosine_schedule_with_warmup", steps, **length),
        factors("cosine_schedule_with_warmup", steps, **length, num_cycles=1.25),
        factors("constant_schedule_with_warmup", steps, num_warmup_steps=warmup),
        factors("inverse_sqrt_schedule", steps, num_warmup_steps=warmup),
        factors("inverse_sqrt_schedule", steps, num_warmup_steps=warmup, timescale=20),
    ]
    for cycles in (1, 2, 3, 7):
        cases.append(factors("cosine_with_hard_restarts_schedule_with_warmup", steps, **length, num_cycles=cycles))
    if warmup == total:
        continue  # the polynomial of transformers divides by the steps after the warm-up
    for lr_end, power in ((1e-7, 1.0), (0.0, 1.0), (1e-5, 2.0), (2e-6, 0.5), (1e-7, 3.0)):
        cases.append(factors("polynomial_decay_schedule_with_warmup", steps, **length, lr_end=lr_end, power=power))
    for decay in sorted({1, (total - warmup) // 2, total - warmup}) if total <= 100 else [50]:
        for shapes in ({}, {"warmup_type": "cosine", "decay_type": "1-sqrt"}, {"warmup_type": "1-sqrt", "decay_type": "linear"}):
            for rest in ({}, {"min_lr_ratio": 0.1}, {"num_cycles": 1.5}):
                cases.append(factors("wsd_schedule", steps, **length, num_decay_steps=decay, **shapes, **rest))
cases.append(factors("wsd_schedule", 40, num_warmup_steps=4, num_decay_steps=10, num_stable_steps=12, min_lr_ratio=0.2))
for total in (10, 33, 100, 333):
    for options in (
        {},
        {"pct_start": 0.25, "div_factor": 10.0, "final_div_factor": 100.0},
        {"anneal_strategy": "linear"},
        {"anneal_strategy": "linear", "three_phase": True},
        {"pct_start": 0.4, "three_phase": True, "div_factor": 5.0},
    ):
        cases.append(one_cycle(total, **options))
    for cut_frac, ratio in ((0.1, 32), (0.25, 10), (0.5, 2)):
        cases.append(slanted(total, cut_frac, ratio))

random.seed(0)
losses = [2 * 0.9**i + 0.3 * random.random() for i in range(60)]
accuracies = [0.5 + 0.4 * (1 - 0.85**i) + 0.05 * random.random() for i in range(60)]
flat = [0.7] * 30
plateaus = []
for mode, values in (("min", losses), ("max", accuracies), ("min", flat), ("max", flat), ("min", [float(10 - i) for i in range(20)])):
    for options in (
        {"patience": 2},
        {"patience": 0, "factor": 0.5},
        {"patience": 1, "factor": 0.5, "threshold": 0.05},
        {"patience": 1, "factor": 0.7, "threshold": 0.02, "threshold_mode": "abs", "cooldown": 3},
        {"patience": 0, "threshold": 0.3, "threshold_mode": "abs", "factor": 0.5},
        {"patience": 1, "threshold": 0.0, "factor": 0.5},
        {"patience": 1, "factor": 0.3, "min_lr": 4e-6},
        {"patience": 0, "factor": 0.5, "eps": 1e-6},
        {},
    ):
        plateaus.append(plateau(mode, values, **options))

write("schedule.json", __file__, ("torch", "transformers"), {
    "note": "factors[s] multiplies the learning rate of the optimizer step with number s, counted from 0",
    "rate": RATE,
    "cases": cases,
    "plateaus": plateaus,
})
