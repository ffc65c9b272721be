"""Integrated gradients of logits with regard to the word embeddings, by captum, for small models of every family.

The models are the first of make_families.py, in float64 (ModernBERT in float32). Each has a single text and a pair; the
baseline has the padding's id in place of every token but the special ones, which `special` names. Captum's own
convergence delta is left out: it computes the baseline from its ids, and RoBERTa and MPNet take positions from these.
"""

import numpy
import torch
from captum.attr import LayerIntegratedGradients
from golden_file import digits, write
from make_families import FAMILIES, model_of

torch.set_num_threads(1)

STEPS, FIRST, SECOND = 50, 8, 6


def example_of(family, keys: dict, is_pair: bool, generator: numpy.random.Generator) -> dict:
    """Ids and token types as a tokenizer gives them; special tokens have ids below 4."""
    pad = keys.get("pad_token_id", family.pad)
    words = lambda count: generator.integers(6, keys["vocab_size"], count).tolist()
    first, second = words(FIRST), words(SECOND)
    if family.padding == "left":  # XLNet: A <sep> <cls>, A <sep> B <sep> <cls>
        parts = [(first, 0), ([2], 0), *([(second, 1), ([2], 1)] if is_pair else []), ([3], 2)]
    else:
        parts = [([2], 0), (first, 0), ([3], 0), *([(second, 1), ([3], 1)] if is_pair else [])]
    types = [kind for ids, kind in parts for _ in ids]
    special = [int(len(ids) == 1) for ids, _ in parts for _ in ids]
    ids = [token for ids, _ in parts for token in ids]
    example = {"input_ids": ids, "baseline_ids": [token if kept else pad for token, kept in zip(ids, special)]}
    if family.token_types and keys.get("type_vocab_size", 2) > 1:
        example["token_type_ids"] = types
    return example


def explained(model, example: dict) -> dict:
    ids = torch.tensor([example["input_ids"]])
    baseline = torch.tensor([example["baseline_ids"]])
    types = {"token_type_ids": torch.tensor([example["token_type_ids"]])} if "token_type_ids" in example else {}
    layer = model.get_input_embeddings()

    def forward(input_ids, *rest):
        return model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids), **dict(zip(types, rest))).logits

    method = LayerIntegratedGradients(forward, layer)
    attributions = [
        # one point at a time: XLNet has the batch in the second dimension, along which captum does not join points
        method.attribute(
            ids, baselines=baseline, target=target, additional_forward_args=tuple(types.values()) or None,
            n_steps=STEPS, method="gausslegendre", internal_batch_size=1,
        ).reshape(ids.shape[1], -1).sum(-1)
        for target in range(model.config.num_labels)
    ]
    with torch.no_grad():
        logits = forward(ids, *types.values())
        at_baseline = layer(baseline if model.config.model_type != "xlnet" else baseline.T)
        handle = layer.register_forward_hook(lambda *_: at_baseline)
        baseline_logits = forward(ids, *types.values())
        handle.remove()
    return {
        **example, "logits": digits(logits[0]), "baseline_logits": digits(baseline_logits[0]),
        "attributions": digits(torch.stack(attributions).detach()),
    }


def case_of(model_type: str, is_pair: bool) -> dict:
    family = FAMILIES[model_type]
    keys = family.configs[0]
    model = model_of(model_type, keys, family.dtype).eval()
    generator = numpy.random.default_rng(1 if is_pair else 0)
    return explained(model, example_of(family, keys, is_pair, generator))


write("explain.json", __file__, ("captum", "torch", "transformers", "numpy"), {
    "method": "gausslegendre", "steps": STEPS,
    "cases": {
        f"{model_type} {kind}": {
            "config": {"model_type": model_type, **family.configs[0]}, **case_of(model_type, kind == "pair"),
        }
        for model_type, family in FAMILIES.items() for kind in ("text", "pair")
    },
})
