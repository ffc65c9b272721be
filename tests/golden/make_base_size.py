"""Logits of every family at the size of its published base model, and how many parameters each block of it has.

The configs are those of the checkpoints, with two labels. Weights follow formula.py, matrices within 0.05: a standard deviation
of 0.029, near the 0.02 that models start with, so that neither 12 nor 22 layers let the hidden states vanish or grow, while
attention is far from even. All is computed in float64 from float32 weights (ModernBERT in float32), in one padded batch.
"""

from collections import Counter

import torch
from golden_file import digits, write
from make_families import FAMILIES, batch_of, block_of, model_of
from transformers import AutoConfig

MATRICES = 0.05
LENGTHS = [64, 23, 41]
ROBERTA = {"max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
DEBERTA = {
    "type_vocab_size": 0, "layer_norm_eps": 1e-7, "relative_attention": True, "max_relative_positions": -1,
    "position_biased_input": False, "pooler_dropout": 0, "pooler_hidden_act": "gelu",
}
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
BUCKETS = {"position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": "p2c|c2p"}

# checkpoint -> what its config.json says besides the defaults of the class
CHECKPOINTS = {
    "bert-base-uncased": ("bert", {}),
    "roberta-base": ("roberta", {**ROBERTA, "vocab_size": 50265}),
    "xlm-roberta-base": ("xlm-roberta", {**ROBERTA, "vocab_size": 250002}),
    "camembert-base": ("camembert", {**ROBERTA, "vocab_size": 32005}),
    "distilbert-base-uncased": ("distilbert", {}),
    "electra-base-discriminator": ("electra", {**BASE, "embedding_size": 768}),
    "albert-base-v2": ("albert", {**BASE, "embedding_size": 128, "hidden_act": "gelu_new", "num_hidden_groups": 1}),
    "mpnet-base": ("mpnet", {"max_position_embeddings": 514, "layer_norm_eps": 1e-5}),
    "deberta-base": ("deberta", {**DEBERTA, "vocab_size": 50265, "pos_att_type": "c2p|p2c"}),
    "deberta-v3-base": ("deberta-v2", {**BASE, **DEBERTA, **BUCKETS, "vocab_size": 128100}),
    "xlnet-base-cased": ("xlnet", {"d_model": 768, "n_layer": 12, "n_head": 12, "d_inner": 3072, "ff_activation": "gelu"}),
    "modernbert-base": ("modernbert", {"classifier_pooling": "mean"}),
}
LONGER = {"modernbert-base": [150, 23, 64]}  # than what its local layers see


def case_of(checkpoint: str) -> dict:
    model_type, keys = CHECKPOINTS[checkpoint]
    family = FAMILIES[model_type]
    batch = batch_of(family, AutoConfig.for_model(model_type, **keys).to_dict(), LONGER.get(checkpoint, LENGTHS), torch.Generator().manual_seed(1))
    model = model_of(model_type, keys, family.dtype, MATRICES).eval()
    with torch.no_grad():
        logits = model(**{key: torch.tensor(rows) for key, rows in batch.items()}).logits
    counts = Counter()
    for name, parameter in model.named_parameters():
        counts[str(block_of(name))] += parameter.numel()
    return {"config": {"model_type": model_type, **keys}, "parameters": counts, **batch, "logits": digits(logits)}


if __name__ == "__main__":
    write("base_size.json", __file__, ("torch", "transformers", "numpy"), {
        "matrices": MATRICES, **{checkpoint: case_of(checkpoint) for checkpoint in CHECKPOINTS},
    })
