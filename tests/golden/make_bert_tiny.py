"""The small BERTs of the other goldens, and how transformers loads them from keys in three spellings.

bert-tiny       3 layers, 3 labels, saved by save_pretrained, with a tokenizer of its 60 tokens
bert-tiny-4     4 layers, 2 labels, saved by save_pretrained
bert-tiny-base  the weights of bert-tiny saved from BertModel: no "bert." in the keys, no classifier
bert-tiny-old   the weights of bert-tiny with LayerNorm.gamma/beta, and two keys that have no place in the model
"""

import string

import torch
from golden_file import GOLDENS, write
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)


def tiny(layers: int, labels: int, seed: int) -> BertForSequenceClassification:
    config = BertConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=40, type_vocab_size=2, layer_norm_eps=1e-12, num_labels=labels,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )
    model = BertForSequenceClassification._from_config(config, attn_implementation="eager")
    # Far from the usual 0.02, 1 and 0, so that a swapped or forgotten tensor shows in every number.
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 0.1 if name.endswith("bias") or "LayerNorm" in name else 0.2
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator) + ("LayerNorm.weight" in name))
    return model.eval()


def tokenizer() -> BertTokenizer:
    letters = string.ascii_lowercase
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters), ".", ",", "!"]
    assert len(tokens) == 60
    return BertTokenizer(vocab={token: index for index, token in enumerate(tokens)}, model_max_length=40)


def old_name(name: str) -> str:
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


model = tiny(layers=3, labels=3, seed=3)
model.save_pretrained(GOLDENS / "bert-tiny")
tokenizer().save_pretrained(GOLDENS / "bert-tiny")
tiny(layers=4, labels=2, seed=4).save_pretrained(GOLDENS / "bert-tiny-4")
model.bert.save_pretrained(GOLDENS / "bert-tiny-base")
model.save_pretrained(GOLDENS / "bert-tiny-old")
weights = load_file(GOLDENS / "bert-tiny" / "model.safetensors")
old = {old_name(name): weight for name, weight in weights.items()}
old["cls.predictions.bias"] = torch.zeros(60)
old["bert.embeddings.position_ids"] = torch.arange(40).unsqueeze(0)
save_file(old, GOLDENS / "bert-tiny-old" / "model.safetensors", metadata={"format": "pt"})

folders = {}
for folder in ["bert-tiny", "bert-tiny-base", "bert-tiny-old"]:
    loaded, info = BertForSequenceClassification.from_pretrained(
        GOLDENS / folder, num_labels=3, attn_implementation="eager", output_loading_info=True
    )
    folders[folder] = {
        "keys_in_file": sorted(load_file(GOLDENS / folder / "model.safetensors")),
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "mismatched": sorted(info["mismatched_keys"]),
        "equal_to_bert_tiny": sorted(name for name, value in loaded.state_dict().items() if torch.equal(value, weights[name])),
    }
write("bert_loading.json", __file__, ("torch", "transformers", "safetensors"), {
    "loaded_into": "BertForSequenceClassification, num_labels=3",
    "parameters": list(dict(model.named_parameters())),
    "folders": folders,
})
