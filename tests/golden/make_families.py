"""Logits, loss and gradients of small models of every family for one padded batch each, and 20 steps of training.

A family is one row of FAMILIES; `python make_families.py roberta mpnet` makes some of them again, without names all.
The weights follow formula.py. All is computed in float64 from float32 weights (ModernBERT in float32), with dropout 0.
"""

import re
import sys
from dataclasses import dataclass, field
from unittest import mock

import torch
from formula import projections, weight
from golden_file import digits, write
from transformers import AutoConfig, AutoModelForSequenceClassification, get_linear_schedule_with_warmup
from transformers.initialization import no_init_weights
from transformers.utils import logging

logging.disable_progress_bar()
torch.set_num_threads(1)

# small, and of sizes that no two dimensions share
BERT = {
    "vocab_size": 61, "hidden_size": 36, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 50,
    "max_position_embeddings": 44, "type_vocab_size": 2, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    "layer_norm_eps": 1e-12,
}
WIDE = {"hidden_size": 40, "num_attention_heads": 5, "num_hidden_layers": 2, "num_labels": 3}
OTHER = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 4, "num_labels": 5, "layer_norm_eps": 1e-5}
ROBERTA = {**BERT, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
ELECTRA = {**BERT, "embedding_size": 20}
ALBERT = {**BERT, "embedding_size": 20, "classifier_dropout_prob": 0.0}
MPNET = {key: value for key, value in BERT.items() if key != "type_vocab_size"}
DISTILBERT = {
    "vocab_size": 61, "dim": 36, "n_layers": 3, "n_heads": 3, "hidden_dim": 50, "max_position_embeddings": 44,
    "dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0,
}

XLNET = {
    "vocab_size": 61, "d_model": 36, "n_layer": 3, "n_head": 3, "d_inner": 50, "dropout": 0.0, "summary_last_dropout": 0.0,
}
# as deberta-v3 has it
DEBERTA_V2 = {
    **BERT, "layer_norm_eps": 1e-7, "type_vocab_size": 0, "relative_attention": True, "max_relative_positions": -1,
    "position_buckets": 8, "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": "p2c|c2p",
    "position_biased_input": False, "pooler_dropout": 0, "pooler_hidden_act": "gelu",
}
ONLY_V2 = {"position_buckets", "norm_rel_ebd", "share_att_key"}
DEBERTA = {key: value for key, value in DEBERTA_V2.items() if key not in ONLY_V2}
MODERNBERT = {
    "vocab_size": 61, "hidden_size": 36, "num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 50,
    "max_position_embeddings": 64, "local_attention": 8, "pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 3,
    "cls_token_id": 2, "sep_token_id": 3, "embedding_dropout": 0.0, "attention_dropout": 0.0, "mlp_dropout": 0.0,
    "classifier_dropout": 0.0,
}

LENGTHS = [17, 4, 9, 23, 12]


@dataclass
class Family:
    """What is made for a family: one case a config, the first of which is trained as well."""

    configs: list
    token_types: bool = True
    pad: int = 1
    padding: str = "right"
    lengths: dict = field(default_factory=dict)  # of a case, by its index, where they are not LENGTHS
    stages: tuple = ("head", "last 2", "all")
    dtype: torch.dtype = torch.float64


FAMILIES = {
    "bert": Family([BERT, {**BERT, **WIDE}, {**BERT, **OTHER, "hidden_act": "gelu_new"}], pad=0),
    "roberta": Family([ROBERTA, {**ROBERTA, **WIDE, "type_vocab_size": 2}, {**ROBERTA, **OTHER, "hidden_act": "relu", "pad_token_id": 3}]),
    "xlm-roberta": Family([ROBERTA, {**ROBERTA, **WIDE}, {**ROBERTA, **OTHER, "hidden_act": "silu"}]),
    "camembert": Family([ROBERTA, {**ROBERTA, **WIDE}, {**ROBERTA, **OTHER, "hidden_act": "tanh"}]),
    "distilbert": Family([
        DISTILBERT,
        {**DISTILBERT, "dim": 40, "n_heads": 5, "n_layers": 2, "num_labels": 3, "sinusoidal_pos_embds": True},
        {**DISTILBERT, "dim": 32, "n_heads": 4, "n_layers": 4, "num_labels": 5, "activation": "relu"},
    ], token_types=False, pad=0),
    "electra": Family([ELECTRA, {**ELECTRA, **WIDE, "embedding_size": 40}, {**ELECTRA, **OTHER, "hidden_act": "relu"}], pad=0),
    "mpnet": Family(
        [MPNET, {**MPNET, **WIDE}, {**MPNET, **OTHER, "max_position_embeddings": 160, "hidden_act": "gelu_new"}],
        token_types=False, lengths={2: [150, 5, 40]},  # distances of every bucket
    ),
    "albert": Family([
        {**ALBERT, "hidden_act": "gelu_new"},
        {**ALBERT, **WIDE, "num_hidden_layers": 5, "num_hidden_groups": 2, "inner_group_num": 2, "hidden_act": "gelu"},
        {**ALBERT, **OTHER, "num_hidden_groups": 4, "hidden_act": "gelu_new"},
    ], pad=0, stages=("head", "head and shared", "all")),
    "xlnet": Family([
        XLNET,
        {**XLNET, "d_model": 40, "n_head": 5, "n_layer": 2, "num_labels": 3, "clamp_len": 7, "summary_activation": "relu"},
        {**XLNET, "d_model": 32, "n_head": 4, "n_layer": 4, "num_labels": 5, "layer_norm_eps": 1e-5, "ff_activation": "relu"},
    ], pad=5, padding="left"),
    "deberta-v2": Family([
        DEBERTA_V2,
        {
            **DEBERTA_V2, **WIDE, "embedding_size": 20, "type_vocab_size": 2, "position_biased_input": True, "share_att_key": False,
            "pos_att_type": ["c2p", "p2c"], "position_buckets": -1, "max_relative_positions": 10, "norm_rel_ebd": "none",
            "pooler_hidden_act": "tanh",
        },
        {**DEBERTA_V2, **OTHER, "conv_kernel_size": 3, "conv_act": "gelu", "pos_att_type": "p2c", "hidden_act": "gelu_new"},
        {**DEBERTA_V2, "relative_attention": False, "pos_att_type": None, "conv_kernel_size": 5},
    ], pad=0, lengths={2: [60, 3, 31]}),  # of case 2 longer than the table of distances
    "deberta": Family([
        DEBERTA,
        {
            **DEBERTA, **WIDE, "embedding_size": 20, "type_vocab_size": 2, "position_biased_input": True,
            "pos_att_type": ["c2p"], "max_relative_positions": 10,
        },
        {**DEBERTA, **OTHER, "pos_att_type": "p2c", "hidden_act": "relu"},
        {**DEBERTA, "relative_attention": False, "pos_att_type": None},
    ], pad=0, lengths={2: [60, 3, 31]}),
    "modernbert": Family([
        {**MODERNBERT, "classifier_pooling": "mean"},
        {
            **MODERNBERT, **WIDE, "norm_bias": True, "attention_bias": True, "mlp_bias": True, "classifier_bias": True,
            "hidden_activation": "gelu_new", "classifier_activation": "relu",
        },
        {
            **MODERNBERT, "hidden_size": 32, "num_attention_heads": 4, "num_labels": 5, "classifier_pooling": "mean", "norm_eps": 1e-4,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
            "rope_parameters": {
                "full_attention": {"rope_type": "default", "rope_theta": 500.0},
                "sliding_attention": {"rope_type": "default", "rope_theta": 20.0},
            },
        },
        {**MODERNBERT, "global_attn_every_n_layers": 2, "global_rope_theta": 700.0, "local_rope_theta": 30.0, "local_attention": 5},
        # its softmax is in float32, where the mask of float64 is -inf, and a row of padding that sees nothing is no number
    ], token_types=False, dtype=torch.float32),
}

STEPS, WARMUP, LAYER_RATE, HEAD_RATE, DECAY, MAX_NORM = [6, 7, 7], 2, 5e-4, 1e-3, 0.01, 1.0


def block_of(name: str):
    """"embeddings", "shared", the number of the layer, or "head"; by the names alone."""
    if re.search(r"(^|\.)albert_layer_groups\.|relative_attention_bias|encoder\.(rel_embeddings|LayerNorm|conv)\b|final_norm", name):
        return "shared"
    layer = re.search(r"\.(?:layer|layers)\.(\d+)\.", name)
    if layer:
        return int(layer[1])
    if re.search(r"embedding|mask_emb", name):
        return "embeddings"
    if re.search(r"(^|\.)(pooler|classifier|pre_classifier|sequence_summary|logits_proj|head)\.", name):
        return "head"
    raise ValueError(f"No block for {name}")


def model_of(model_type: str, keys: dict, dtype: torch.dtype, matrices: float = 0.3):
    """The classifier with weights by the formula."""
    config = AutoConfig.for_model(model_type, **keys)
    with no_init_weights():
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").to(dtype)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weight(name, parameter.shape, matrices)))
    return model


def padded(rows: list, value: int, side: str) -> list:
    width = max(map(len, rows))
    return [[*row, *[value] * (width - len(row))] if side == "right" else [*[value] * (width - len(row)), *row] for row in rows]


def batch_of(family: Family, keys: dict, lengths: list, generator: torch.Generator) -> dict:
    """As a tokenizer would pad it. One text has the padding's id among its tokens, which is a token like any other."""
    pad = keys.get("pad_token_id", family.pad)
    ids = [torch.randint(4, keys["vocab_size"], (length,), generator=generator).tolist() for length in lengths]
    ids[0][len(ids[0]) // 2] = pad
    batch = {
        "input_ids": padded(ids, pad, family.padding),
        "attention_mask": padded([[1] * length for length in lengths], 0, family.padding),
    }
    if family.token_types and keys.get("type_vocab_size", 2) > 0:
        highest = keys.get("type_vocab_size", 2) - 1
        types = [[highest * int(i % 2 == 0 and j >= length // 2) for j in range(length)] for i, length in enumerate(lengths)]
        batch["token_type_ids"] = padded(types, 0, family.padding)
    return batch


def gradient_of(name: str, gradient) -> dict | None:
    """Small ones whole, others by their norm and projections; None where the loss does not depend on the parameter."""
    if gradient is None:
        return None
    values = gradient.numpy()
    if values.size <= 12:
        return {"norm": digits(gradient.norm()), "values": digits(values.reshape(-1))}
    return {"norm": digits(gradient.norm()), "projections": digits(projections(name, values, 6))}


def initial_of(parameter: torch.Tensor) -> dict:
    """How `_init_weights` fills a tensor: its deviation around its mean, and which of its rows are zero."""
    rows = parameter.detach().reshape(parameter.shape[0], -1)
    zero = [i for i, row in enumerate(rows) if not row.any()]
    return {"mean": digits(rows.mean(), 2), "std": digits(rows.std(correction=0), 2), "zero_rows": "all" if len(zero) == len(rows) else zero}


def initial_values(model_type: str, keys: dict) -> dict:
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(model_type, **keys))
    return {name: initial_of(parameter) for name, parameter in model.named_parameters()}


def dropouts_of(model_type: str, keys: dict, batch: dict) -> dict:
    """For each key of the config that is a dropout: how many masks a pass makes with it alone."""
    candidates = AutoConfig.for_model(model_type, **keys).to_dict()
    names = [name for name in candidates if re.search(r"dropout|_prob$", name)]
    off = {name: 0.0 for name in names if candidates[name] is not None}
    counts = {}
    for name in names:
        model = model_of(model_type, {**keys, **off, name: 0.25}, torch.float32).train()
        with mock.patch("torch.nn.functional.dropout", side_effect=torch.nn.functional.dropout) as dropout:
            model(**{key: torch.tensor(rows) for key, rows in batch.items()})
        rates = [call.args[1] if len(call.args) > 1 else call.kwargs.get("p") for call in dropout.call_args_list]
        counts[name] = sum(rate == 0.25 for rate in rates)
    return counts


def case_of(model_type: str, family: Family, index: int) -> dict:
    keys = family.configs[index]
    model = model_of(model_type, keys, family.dtype).eval()
    lengths = family.lengths.get(index, LENGTHS)
    batch = batch_of(family, keys, lengths, torch.Generator().manual_seed(index))
    labels = [i % model.config.num_labels for i in range(len(lengths))]
    output = model(**{key: torch.tensor(rows) for key, rows in batch.items()}, labels=torch.tensor(labels))
    output.loss.backward()
    parameters = dict(model.named_parameters())
    return {
        "config": {"model_type": model_type, **keys}, **batch, "labels": labels,
        "loss": output.loss.item(), "logits": digits(output.logits),
        "parameters": {name: [block_of(name), list(parameter.shape)] for name, parameter in parameters.items()},
        "gradients": {name: gradient_of(name, parameter.grad) for name, parameter in parameters.items()},
    }


def trains(name: str, stage: str, depth: int) -> bool:
    block = block_of(name)
    if stage == "all" or block == "head":
        return True
    if stage == "head and shared":
        return block == "shared"
    return stage == "last 2" and isinstance(block, int) and block >= depth - 2


def decays(name: str) -> bool:
    """As `get_decay_parameter_names` of the Trainer."""
    return re.search(r"bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)", name.lower()) is None


def training_of(model_type: str, family: Family) -> dict:
    """AdamW over the stages, each with a linear schedule of its own and the state of what has trained before."""
    keys = family.configs[0]
    model = model_of(model_type, keys, family.dtype).train()
    parameters = dict(model.named_parameters())
    generator = torch.Generator().manual_seed(20)
    steps, state = [], {}
    for stage, count in zip(family.stages, STEPS):
        groups = []
        for name, parameter in parameters.items():
            parameter.requires_grad_(trains(name, stage, model.config.num_hidden_layers))
            if parameter.requires_grad:
                rate = HEAD_RATE if block_of(name) == "head" else LAYER_RATE
                groups.append({"params": [parameter], "lr": rate, "weight_decay": DECAY if decays(name) else 0.0})
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8, foreach=False)
        optimizer.state.update(state)
        schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, count)
        trainable = [parameter for parameter in parameters.values() if parameter.requires_grad]
        for _ in range(count):
            lengths = torch.randint(3, 16, (6,), generator=generator).tolist()
            batch = batch_of(family, keys, lengths, generator)
            labels = [int(sum(row) % 2) for row in batch["input_ids"]]
            optimizer.zero_grad(set_to_none=True)
            loss = model(**{key: torch.tensor(rows) for key, rows in batch.items()}, labels=torch.tensor(labels)).loss
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(trainable, MAX_NORM)
            optimizer.step()
            schedule.step()
            steps.append({"stage": stage, **batch, "labels": labels, "loss": loss.item(), "grad_norm": norm.item()})
        state = {parameter: optimizer.state[parameter] for parameter in trainable if parameter in optimizer.state}
    return {
        "stages": [{"train": stage, "steps": count} for stage, count in zip(family.stages, STEPS)],
        "warmup_steps": WARMUP, "learning_rate": LAYER_RATE, "head_learning_rate": HEAD_RATE, "weight_decay": DECAY,
        "max_grad_norm": MAX_NORM, "steps": steps,
        "change": {
            name: digits((parameter.detach() - torch.from_numpy(weight(name, parameter.shape))).norm())
            for name, parameter in parameters.items()
        },
    }


if __name__ == "__main__":
    for model_type in sys.argv[1:] or FAMILIES:
        family = FAMILIES[model_type]
        write(f"families/{model_type}.json", __file__, ("torch", "transformers", "numpy"), {
            **{f"case_{i}": case_of(model_type, family, i) for i in range(len(family.configs))},
            "initial": initial_values(model_type, family.configs[0]),
            "dropouts": dropouts_of(model_type, family.configs[0], batch_of(family, family.configs[0], LENGTHS, torch.Generator().manual_seed(0))),
            "training": training_of(model_type, family),
        })
