"""Builds every kind of tokenizer folder below FOLDER, with sentencepiece's usual normalisation, and writes FOLDER/ids.json:
what transformers makes of COUNT generated texts with each, alone and in pairs of neighbours cut to 24 tokens.

    python tokenize_generated.py FOLDER COUNT SEED
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: nothing is to be asked for

from tokenizer_folders import build, build_variants
from tokenizer_texts import NATURAL, ODD, generated
from transformers import AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()
root, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
texts = NATURAL + ODD + generated(count, seed)
firsts, seconds = texts[:-1:4], texts[1::4][: len(texts[:-1:4])]
kinds = build(root / "kinds", rule="nmt_nfkc")
folders = {**kinds, **build_variants(root / "variants", kinds)}
ids = {}
for name, path in folders.items():
    tokenizer = AutoTokenizer.from_pretrained(path)
    pairs = tokenizer(firsts, seconds, truncation=True, max_length=24, padding="max_length", return_token_type_ids=True)
    ids[name] = {
        "folder": str(path),
        "ids": tokenizer(texts)["input_ids"],
        "pairs": pairs["input_ids"],
        "types": pairs["token_type_ids"],
    }
(root / "ids.json").write_text(json.dumps({"texts": texts, "firsts": firsts, "seconds": seconds, "tokenizers": ids}))
