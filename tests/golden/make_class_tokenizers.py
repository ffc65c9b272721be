"""Small tokenizers with templates of their own, as save_pretrained writes them, and what they give.

class-tokenizers/xlnet       Unigram, padding on the left, `A <sep> <cls>` with segments 0, 1 and 2
class-tokenizers/deberta-v2  Unigram, `[CLS] A [SEP] B [SEP]` with segments 0 and 1
class-tokenizers/deberta     BPE, `[CLS] A [SEP] [SEP] B [SEP]` all of segment 0
"""

import shutil

from golden_file import GOLDENS, write
from transformers import AutoTokenizer, DebertaTokenizer, DebertaV2Tokenizer, XLNetTokenizer

LETTERS = "abcdefgh"
unigrams = [("▁", -2.0), *((letter, -3.0) for letter in LETTERS), ("▁ab", -1.0), ("cd", -1.5)]
special = {
    "xlnet": ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"],
    "deberta-v2": ["[PAD]", "[CLS]", "[SEP]", "[UNK]"],
    "deberta": ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"],
}


def pieces(name: str) -> list:
    return [*((token, 0.0) for token in special[name]), *unigrams]


TOKENIZERS = {
    "xlnet": XLNetTokenizer(vocab=pieces("xlnet"), unk_id=0),
    "deberta-v2": DebertaV2Tokenizer(vocab=[*pieces("deberta-v2"), ("[MASK]", 0.0)]),
    "deberta": DebertaTokenizer(
        vocab={token: i for i, token in enumerate([*special["deberta"], *LETTERS, "Ġ", "ab"])}, merges=[("a", "b")]
    ),
}
TEXTS = ["ab cd", "h", "abcdefgh gfedcba ab ab"]
PAIRS = ["c", "dcba ab cd", "ef"]

content = {}
for name, tokenizer in TOKENIZERS.items():
    folder = GOLDENS / "class-tokenizers" / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer.save_pretrained(folder)
    loaded = AutoTokenizer.from_pretrained(folder)
    options = {"return_token_type_ids": True, "padding": True}
    content[name] = {
        "texts": dict(loaded(TEXTS, **options)),
        "pairs": dict(loaded(TEXTS, PAIRS, **options)),
        "cut": dict(loaded(TEXTS, PAIRS, truncation=True, max_length=9, **options)),
        "padding_side": loaded.padding_side,
        "pad_token_id": loaded.pad_token_id,
    }
write("class_tokenizers.json", __file__, ("transformers", "tokenizers"), {"inputs": {"texts": TEXTS, "pairs": PAIRS}, **content})
