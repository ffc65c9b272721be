"""Folders with a tokenizer in its original form only (no tokenizer.json), one for each kind, with vocabularies of the texts.

build(root, rule) makes them; `rule` is how sentencepiece normalises: a table of characters ("small", a few KB) or one of
its own rules such as "nmt_nfkc" (240 KB in each file), which the published models have.
"""

import io
import json
import shutil
import string
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from tokenizer_texts import NATURAL

WORDPIECE_CORPUS = NATURAL + [" ".join(string.ascii_letters + string.digits)]
RULES_FILE = "thaw-small-rules.tsv"
# Where a character goes, as hexadecimal code points: what sentencepiece calls a normalisation rule.
SMALL_RULES = [
    *((0xFF01 + i, [0x21 + i]) for i in range(94)), (0x3000, [0x20]), (0xA0, [0x20]), (0x2003, [0x20]), (0xFB01, [0x66, 0x69]),
    (0xFB02, [0x66, 0x6C]), (0xBD, [0x31, 0x2044, 0x32]), (0xB2, [0x32]), (0x2122, [0x54, 0x4D]), (0x0D, [0x20]), (0x0A, [0x20]), (0x09, [0x20]),
    (0x200B, [0x20]), (0xFEFF, [0x20]), (0x2026, [0x2E, 0x2E, 0x2E]), (0x212B, [0xC5]),
]


def wordpiece(path: Path, specials: list[str], lowercase: bool) -> None:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # The trainer numbers the pieces within words as they come out of a hash table, unless they are there already.
    words = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(" ".join(WORDPIECE_CORPUS)))
    within = sorted({f"##{character}" for word, _ in words for character in word[1:]})
    trainer = trainers.WordPieceTrainer(vocab_size=420, special_tokens=[*specials, *within], show_progress=False)
    tokenizer.train_from_iterator(WORDPIECE_CORPUS, trainer)
    vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (path / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in vocab), encoding="utf-8")


def byte_bpe(path: Path, specials: list[str]) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=480, special_tokens=specials, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(NATURAL, trainer)
    data = json.loads(tokenizer.to_str())["model"]
    (path / "vocab.json").write_text(json.dumps(data["vocab"], ensure_ascii=False) + "\n", encoding="utf-8")
    merges = "".join(f"{left} {right}\n" for left, right in data["merges"])
    (path / "merges.txt").write_text("#version: 0.2\n" + merges, encoding="utf-8")


def sentence_piece(path: Path, file: str, rule: str, **options) -> None:
    rules = {"normalization_rule_name": rule}
    if rule == "small":
        table = Path(RULES_FILE)  # the model keeps this name: a plain one is the same on every machine
        lines = [f"{source:X}\t{' '.join(f'{target:X}' for target in targets)}\n" for source, targets in SMALL_RULES]
        table.write_text("".join(lines))
        rules = {"normalization_rule_tsv": RULES_FILE}
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(NATURAL * 3), model_writer=model, vocab_size=420, model_type="unigram", hard_vocab_limit=False,
        minloglevel=2, num_threads=1, **rules, **options,
    )
    Path(RULES_FILE).unlink(missing_ok=True)
    (path / file).write_bytes(model.getvalue())


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ALBERT_PIECES = dict(pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, pad_piece="<pad>", control_symbols=["[CLS]", "[SEP]", "[MASK]"])
XLNET_PIECES = dict(
    pad_id=-1, unk_id=0, bos_id=1, eos_id=2, control_symbols=["<cls>", "<sep>", "<pad>", "<mask>", "<eod>"], user_defined_symbols=["<eop>"]
)
FAIRSEQ_PIECES = dict(pad_id=-1, unk_id=0, bos_id=1, eos_id=2)
DEBERTA_PIECES = dict(
    pad_id=0, unk_id=3, bos_id=1, eos_id=2, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
    user_defined_symbols=["[MASK]"],
)

# name (and model_type, but for "-cased") -> how its vocabulary is made
KINDS = {
    "bert": lambda path, rule: wordpiece(path, BERT, True),
    "bert-cased": lambda path, rule: wordpiece(path, BERT, False),
    "mpnet": lambda path, rule: wordpiece(path, [*ROBERTA[:3], "[UNK]", "<mask>"], True),
    "roberta": lambda path, rule: byte_bpe(path, ROBERTA),
    "deberta": lambda path, rule: byte_bpe(path, ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]),
    "albert": lambda path, rule: sentence_piece(path, "spiece.model", rule, **ALBERT_PIECES),
    "xlnet": lambda path, rule: sentence_piece(path, "spiece.model", rule, **XLNET_PIECES),
    "xlm-roberta": lambda path, rule: sentence_piece(path, "sentencepiece.bpe.model", rule, **FAIRSEQ_PIECES),
    "camembert": lambda path, rule: sentence_piece(path, "sentencepiece.bpe.model", rule, **FAIRSEQ_PIECES),
    "deberta-v2": lambda path, rule: sentence_piece(path, "spm.model", rule, **DEBERTA_PIECES),
}


def token(content: str, **flags) -> dict:
    """A special token as older versions of transformers write it."""
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, **flags}


OLD_ROBERTA = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", sep_token="</s>", pad_token="<pad>", cls_token="<s>")
# name -> (kind, files that are added or replaced)
VARIANTS = {
    "distilbert": ("bert", {"config.json": {"model_type": "distilbert"}}),
    "electra": ("bert", {"config.json": {"model_type": "electra"}, "tokenizer_config.json": {"do_lower_case": True}}),
    "cased": ("bert-cased", {"tokenizer_config.json": {"do_lower_case": False, "model_max_length": 64}}),
    "accents": ("bert-cased", {"tokenizer_config.json": {"strip_accents": False, "tokenize_chinese_chars": False}}),
    "cased-stripped": ("bert-cased", {"tokenizer_config.json": {"do_lower_case": False, "strip_accents": True}}),
    "added": ("bert", {"added_tokens.json": {"[NEW]": 420, "river": 421}}),
    "added-special": (
        "bert", {"added_tokens.json": {"[NEW]": 420, "river": 421}, "special_tokens_map.json": {"additional_special_tokens": ["[NEW]"]}},
    ),
    "renamed": (
        "bert", {"tokenizer_config.json": {"mask_token": "<extra>", "cls_token": "the", "additional_special_tokens": ["[A]", "[B]"]}},
    ),
    "own-token": ("bert", {"tokenizer_config.json": {"image_token": "[IMAGE]"}}),
    "no-mask": ("bert", {"tokenizer_config.json": {"mask_token": None}}),
    "decoder": (
        "bert",
        {
            "tokenizer_config.json": {
                "added_tokens_decoder": {
                    "0": token("[PAD]", special=True, normalized=False),
                    "4": token("[MASK]", special=True, normalized=False, lstrip=True),
                    "420": token("river", special=False),
                },
                "mask_token": "[MASK]",
            },
            "special_tokens_map.json": {"mask_token": "[X]"},
        },
    ),
    "other-class": ("bert", {"tokenizer_config.json": {"tokenizer_class": "MPNetTokenizer"}}),
    "old-class": ("bert", {"tokenizer_config.json": {"tokenizer_class": "DistilBertTokenizerFast"}}),
    "mpnet-map": (
        "mpnet",
        {
            "special_tokens_map.json": {"bos_token": "<s>", "mask_token": token("<mask>", lstrip=True)},
            "tokenizer_config.json": {"do_lower_case": False},
        },
    ),
    "roberta-prefix": ("roberta", {"tokenizer_config.json": {"add_prefix_space": True, "trim_offsets": False}}),
    "roberta-map": (
        "roberta",
        {"special_tokens_map.json": {key: token(value) for key, value in OLD_ROBERTA.items()} | {"mask_token": token("<mask>", lstrip=True)}},
    ),
    "deberta-prefix": ("deberta", {"tokenizer_config.json": {"do_lower_case": True, "add_prefix_space": True}}),
    "albert-accents": ("albert", {"tokenizer_config.json": {"keep_accents": True, "do_lower_case": False}}),
    "albert-mask": (
        "albert",
        {
            "tokenizer_config.json": {"add_prefix_space": False},
            "special_tokens_map.json": {"mask_token": token("[MASK]", lstrip=True, normalized=False), "cls_token": "[CLS]"},
        },
    ),
    "xlnet-lower": (
        "xlnet", {"tokenizer_config.json": {"do_lower_case": True, "keep_accents": True, "additional_special_tokens": ["<eop>", "<eod>"]}},
    ),
    "xlnet-map": (
        "xlnet",
        {
            "special_tokens_map.json": {
                "additional_special_tokens": ["<eop>", "<eod>"],
                "mask_token": token("<mask>", lstrip=True, normalized=False),
            },
            "tokenizer_config.json": {"padding_side": "right"},
        },
    ),
    "xlm-roberta-prefix": ("xlm-roberta", {"tokenizer_config.json": {"add_prefix_space": False}}),
    "camembert-map": (
        "camembert",
        {
            "special_tokens_map.json": {"mask_token": token("<mask>", lstrip=True), "additional_special_tokens": ["<s>NOTUSED"]},
            "tokenizer_config.json": {"additional_special_tokens": ["<s>NOTUSED", "</s>NOTUSED"]},
        },
    ),
    "deberta-v2-punct": ("deberta-v2", {"tokenizer_config.json": {"do_lower_case": True, "split_by_punct": True}}),
    "deberta-v2-mask": (
        "deberta-v2", {"tokenizer_config.json": {"add_prefix_space": False}, "added_tokens.json": {"[MASK]": 420}},
    ),
    "deberta-v2-new-mask": (
        "deberta-v2", {"added_tokens.json": {"[NEWMASK]": 420}, "special_tokens_map.json": {"mask_token": "[NEWMASK]"}},
    ),
}


def write_settings(path: Path, files: dict) -> None:
    for file, content in files.items():
        (path / file).write_text(json.dumps(content) + "\n")


def build(root: Path, rule: str = "small") -> dict[str, Path]:
    folders = {}
    for name, make in KINDS.items():
        path = root / name
        path.mkdir(parents=True, exist_ok=True)
        write_settings(path, {"config.json": {"model_type": name.removesuffix("-cased")}})
        make(path, rule)
        folders[name] = path
    return folders


def build_variants(root: Path, kinds: dict[str, Path]) -> dict[str, Path]:
    folders = {}
    for name, (kind, files) in VARIANTS.items():
        shutil.copytree(kinds[kind], root / name)
        write_settings(root / name, files)
        folders[name] = root / name
    return folders
