"""Every key of config.json that transformers' classes have or read, and what a small classifier computes when it has another value.

Of each family: its class's keys, their aliases, every attribute of the config that its modeling file and the shared ones ask
for, and keys of older versions. Each is given a few values beside a config of make_families.py; weights by formula.py. What
comes out: the same logits, other logits, or an error. Thaw has to compute the same, or to refuse the key.
"""

import dataclasses
import inspect
import json
import re
import tempfile
from pathlib import Path

import torch
from formula import weight
from golden_file import digits, write
from make_families import FAMILIES, LENGTHS, batch_of
from transformers import AutoConfig, AutoModelForSequenceClassification, modeling_layers, modeling_utils
from transformers import masking_utils, modeling_rope_utils
from transformers.initialization import no_init_weights
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

SHARED = [modeling_utils, modeling_layers, masking_utils, modeling_rope_utils]
# keys of versions 3 and 4, and of files on the hub, that version 5 may read no more
OLDER = [
    "_name_or_path", "attention_head_size", "bos_token_ids", "classifier_dropout", "conv_act", "conv_groups", "conv_kernel_size",
    "d_head", "directionality", "embedding_size", "finetuning_task", "gradient_checkpointing", "head_dim", "is_causal",
    "layer_norm_eps", "model_max_length", "n_layers", "n_token", "net_structure_type", "num_memory_blocks", "output_past",
    "pooler_fc_size", "pooler_hidden_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
    "pooler_type", "position_embedding_type", "pruned_heads", "repad_logits_with_grad", "rope_scaling", "rope_theta",
    "sequence_length", "sliding_window", "summary_first_dropout", "summary_proj_to_labels", "talking_head",
    "task_specific_params", "tie_weights_", "global_attn_every_n_layers", "global_rope_theta", "layers_block_type", "local_rope_theta", "per_layer_config", "tokenizer_class",
    "torchscript", "unpad_inputs", "untie_r", "use_bfloat16",
]
# of these no pass of the model says anything: they name other files, or change how weights are stored
NOT_RUN = {"architectures", "auto_map", "configuration_files", "dtype", "torch_dtype", "model_type", "quantization_config", "transformers_weights", "fusion_config", "distributed_config", "device_map"}
LABELS = {"id2label", "label2id", "num_labels", "problem_type"}

VALUES = {
    "attn_type": ["uni"],
    "activation": ["relu", "mish"],
    "attention_head_size": [6, 12, 24],
    "chunk_size_feed_forward": [1, 23],
    "classifier_activation": ["relu", "tanh"],
    "classifier_pooling": ["cls", "mean"],
    "clamp_len": [3, 0],
    "conv_act": ["gelu", "relu"],
    "conv_kernel_size": [3, 0],
    "conv_groups": [1, 2],
    "d_head": [12, 6],
    "embedding_size": [18, 36],
    "ff_activation": ["relu"],
    "global_attn_every_n_layers": [2],
    "hidden_act": ["relu", "mish"],
    "hidden_activation": ["relu"],
    "head_dim": [12, 6],
    "inner_group_num": [2],
    "layer_types": [["full_attention"] * 4],
    "layers_block_type": [["attention"] * 4],
    "local_attention": [4],
    "max_relative_positions": [7],
    "mem_len": [2, 0],
    "n_token": [64],
    "norm_rel_ebd": ["none", "layer_norm"],
    "per_layer_config": [{"1": {"num_attention_heads": 6}}, {"0": {"intermediate_size": 20}}],
    "pooler_hidden_act": ["relu", "tanh"],
    "pooler_hidden_size": [36, 20],
    "pos_att_type": ["c2p", ["p2c"]],
    "position_buckets": [4, -1],
    "position_embedding_type": ["relative_key", "relative_key_query"],
    "pruned_heads": [{}, {"0": [1]}],
    "relative_attention_num_buckets": [8],
    "rope_parameters": [
        {"full_attention": {"rope_type": "default", "rope_theta": 50.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 5.0}},
        {"full_attention": {"rope_type": "linear", "rope_theta": 50.0, "factor": 2.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 5.0}},
    ],
    "rope_scaling": [{"rope_type": "linear", "factor": 2.0}],
    "rope_theta": [50.0],
    "global_rope_theta": [50.0],
    "local_rope_theta": [5.0],
    "sliding_window": [2, None],
    "summary_activation": ["relu", None, "linear"],
    "summary_type": ["first", "mean", "last"],
    "task_specific_params": [{"text-classification": {"num_labels": 3}}],
    "vocab_size": [64],
}
HIDDEN = {"hidden_size", "dim", "d_model"}
HEADS = {"num_attention_heads", "n_heads", "n_head"}


def values_of(key: str, default) -> list:
    if key in VALUES:
        return VALUES[key]
    if key in HIDDEN:
        return [48]
    if key in HEADS:
        return [6]
    if isinstance(default, bool):
        return [not default]
    if isinstance(default, int):
        return [default + 1]
    if isinstance(default, float):
        return [default * 2 + 0.125]
    return [True, 2, "x"]


def class_of(model_type: str):
    return type(AutoConfig.for_model(model_type))


def keys_of(model_type: str) -> dict:
    """Key -> default, of every key that anything might read."""
    config = AutoConfig.for_model(model_type)
    model = AutoModelForSequenceClassification._model_mapping[type(config)]
    asked = set(re.findall(r"config\.(\w+)", inspect.getsource(inspect.getmodule(model))))
    for module in [inspect.getmodule(model), *SHARED]:
        asked |= set(re.findall(r"(?:get|has)attr\((?:self\.)?config, \"(\w+)\"", inspect.getsource(module)))
    asked = {name for name in asked if not callable(getattr(config, name, None)) and not name.startswith("_")}
    fields = {field.name for field in dataclasses.fields(config)}
    names = sorted(fields | asked | set(type(config).attribute_map) | set(OLDER) | NOT_RUN | LABELS)
    return {name: getattr(config, name, None) for name in names}


def logits_of(json_config: dict, batch: dict, dtype: torch.dtype):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(json_config))
        config = AutoConfig.from_pretrained(folder)
    with no_init_weights():
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").to(dtype).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weight(name, parameter.shape)))
        output = model(**{key: torch.tensor(rows) for key, rows in batch.items()})
    return output[0] if isinstance(output, tuple) else output.logits


def rows_of(model_type: str) -> dict:
    family = FAMILIES[model_type]
    base = {"model_type": model_type, **family.configs[0]}
    batch = batch_of(family, family.configs[0], LENGTHS, torch.Generator().manual_seed(0))
    usual = logits_of(base, batch, family.dtype)
    changes = []
    keys = keys_of(model_type)
    for key, default in keys.items():
        if key in NOT_RUN or key in LABELS:
            continue
        for value in values_of(key, base.get(key, default)):
            try:
                logits = logits_of({**base, key: value}, batch, family.dtype)
                same = logits.shape == usual.shape and torch.allclose(logits, usual, rtol=0, atol=1e-9)
                changes.append([key, value, "same" if same else digits(logits)])
            except Exception as error:
                changes.append([key, value, f"{type(error).__name__}"])
    return {"config": base, **batch, "logits": digits(usual), "keys": sorted(keys), "changes": changes}


if __name__ == "__main__":
    write(
        "config_keys.json",
        __file__,
        ("torch", "transformers"),
        {model_type: rows_of(model_type) for model_type in sorted(FAMILIES)},
    )
