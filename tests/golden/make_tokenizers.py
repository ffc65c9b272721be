"""Tokenizers in their original form, and the ids that transformers gives with them: needs sentencepiece and protobuf.

tokenizers/         a folder for each kind, small vocabularies trained on tokenizer_texts.py
tokenizers.json     for each kind and for variants of its settings: what transformers makes of it, and ids
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: nothing is to be asked for

from golden_file import GOLDENS, write
from tokenizer_folders import VARIANTS, build, build_variants
from tokenizer_texts import NATURAL, ODD, generated
from transformers import AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()
TEXTS = NATURAL + ODD + generated(40, seed=7)
FEW = NATURAL[::4] + ODD[1::3] + ["river [NEW] [A]<extra>the [IMAGE] <mask> [MASK]river"]
PAIRS = [["A short one.", "And another."], ["", "only the second"], ["only the first", ""], [NATURAL[0], NATURAL[1]], ["x", NATURAL[12]]]
LENGTHS = [5, 7, 12, 25]


def ids(tokenizer, texts: list[str]) -> list[str]:
    """One string of ids a text. As batches of one, since Python takes a single empty text for none."""
    return [" ".join(map(str, tokenizer([text])["input_ids"][0])) for text in texts]


def structure(tokenizer) -> dict:
    """tokenizer.json without what the vocabulary files hold already."""
    made = json.loads(tokenizer.backend_tokenizer.to_str())
    del made["model"]["vocab"]
    made["model"].pop("merges", None)
    for part in [made["normalizer"] or {}, *(made["normalizer"] or {}).get("normalizers", [])]:
        if "precompiled_charsmap" in part:
            part["precompiled_charsmap"] = len(part["precompiled_charsmap"])
    return made


def encoded(tokenizer, pair: list[str], **options) -> dict:
    out = tokenizer([pair[0]], [pair[1]], return_token_type_ids=True, return_attention_mask=True, **options)
    return {"ids": out["input_ids"][0], "types": out["token_type_ids"][0], "mask": out["attention_mask"][0]}


def described(path: Path, texts: list[str]) -> dict:
    """What the files decide: the same for a kind and for a variant of its settings."""
    tokenizer = AutoTokenizer.from_pretrained(path)
    return {
        "class": type(tokenizer).__name__,
        "padTokenId": tokenizer.pad_token_id,
        "paddingSide": tokenizer.padding_side,
        "structure": structure(tokenizer),
        "ids": ids(tokenizer, texts),
    }


def pairs_of(path: Path) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(path)
    pairs = [{"pair": pair, **encoded(tokenizer, pair)} for pair in PAIRS]
    pairs += [
        {"pair": pair, "maxLength": length, **encoded(tokenizer, pair, truncation=True, max_length=length)}
        for pair in PAIRS[3:]
        for length in LENGTHS
    ]
    padded = [
        {"pair": pair, "side": side, **encoded(tokenizer, pair, padding="max_length", max_length=24, padding_side=side or tokenizer.padding_side)}
        for pair in PAIRS[:2]
        for side in ["left", "right", None]
    ]
    return {"pairs": pairs, "padded": padded}


shutil.rmtree(GOLDENS / "tokenizers", ignore_errors=True)
kinds = build(GOLDENS / "tokenizers")
with tempfile.TemporaryDirectory() as temporary:
    variants = build_variants(Path(temporary), kinds)
    write(
        "tokenizers.json",
        __file__,
        ("transformers", "tokenizers", "sentencepiece"),
        {
            "texts": TEXTS,
            "fewTexts": FEW,
            "kinds": {name: {**described(path, TEXTS), **pairs_of(path)} for name, path in kinds.items()},
            "variants": {
                name: {"kind": VARIANTS[name][0], "files": VARIANTS[name][1], **described(path, FEW)} for name, path in variants.items()
            },
        },
    )
