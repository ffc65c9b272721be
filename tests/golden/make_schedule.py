"""The factor of each transformers schedule at every step, read from the function that the scheduler itself calls."""

import torch
import transformers
from golden_file import write

# (warmup, total): none, usual, one step, warmup to the very end, nothing but one step, odd numbers.
CASES = [(0, 10), (3, 10), (1, 10), (10, 10), (0, 1), (1, 1), (7, 100), (100, 333), (9, 10)]
PAST_THE_END = 5


def factors(name: str, steps: int, **options) -> dict:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    factor = getattr(transformers, f"get_{name}")(optimizer, **options).lr_lambdas[0]
    return {"schedule": name, **options, "factors": [float(factor(step)) for step in range(steps)]}


cases = [factors("constant_schedule", 12)]
for warmup, total in CASES:
    steps = total + 1 + PAST_THE_END
    cases += [
        factors("linear_schedule_with_warmup", steps, num_warmup_steps=warmup, num_training_steps=total),
        factors("cosine_schedule_with_warmup", steps, num_warmup_steps=warmup, num_training_steps=total),
        factors("constant_schedule_with_warmup", steps, num_warmup_steps=warmup),
    ]
write("schedule.json", __file__, ("torch", "transformers"), {
    "note": "factors[s] multiplies the learning rate of the optimizer step with number s, counted from 0",
    "cases": cases,
})
