"""What transformers makes of a tokenizer's folder under many settings: ids, segments, cuts, padding, texts, and the logits of a small model.

tokenizer-settings/       a folder for each family, as save_pretrained writes it, and the config.json of a small model
tokenizer_settings.json   for each family and setting: the files that differ, and what came of them; equal values are kept once

The limit of the logits is the least of model_max_length and the model's positions, and 512 where neither is given. Where the files
do not name `model_input_names`, token types are those of the template for families that were trained with them, though some of
their classes leave them out.
"""

import json
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: nothing is to be asked for

import torch
from golden_file import GOLDENS, digits, write
from make_families import FAMILIES, model_of
from tokenizers import Tokenizer
import transformers
from transformers import AutoTokenizer
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES, tokenizer_class_from_name
from transformers.tokenization_utils_tokenizers import TokenizersBackend
from transformers.utils import logging

logging.set_verbosity(logging.CRITICAL)
warnings.simplefilter("ignore")
torch.set_num_threads(1)

FOLDERS = GOLDENS / "tokenizer-settings"
KIND = {"distilbert": "bert", "electra": "bert", "modernbert": "deberta"}  # others have a kind of their own name
WORDPIECE = {"bert", "distilbert", "electra", "mpnet"}
BPE = {"roberta", "deberta"}
SENTENCEPIECE = {"albert", "xlnet", "xlm-roberta", "camembert", "deberta-v2"}
ALL = set(FAMILIES)
TYPED = {"bert", "electra", "albert", "xlnet", "deberta", "deberta-v2"}
LARGE = 10**20

TEXTS = [
    "The Lighthouse keeper's CAFÉ, naïve: 東京 river!",
    "  two  spaces\tand [MASK] <mask> [X]  here<mask>the rivers",
    "Bad Film: ``quoted'' it isn't ½ ﬁne … Ｘ２ ?",
    "The lighthouse keeper counted the ships again, and again one was missing; in the evening the children ran down to the river.",
    "",
]
PAIRS = [["Bad Film", "the River ran"], [TEXTS[3], "A café [X] there"], ["x", TEXTS[3]]]
CUT = 9


def token(content: str, **flags) -> dict:
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True, **flags}


def word_of(name: str, rank: int) -> str:
    """A word of the vocabulary that is no special token: what a special token can be renamed to."""
    words = sorted(word for word in vocabulary(name) if word.lstrip("▁Ġ").isascii() and word.lstrip("▁Ġ").isalpha() and len(word) > 1)
    return words[rank]


def vocabulary(name: str) -> list:
    vocab = json.loads((FOLDERS / name / "tokenizer.json").read_text())["model"]["vocab"]
    return list(vocab) if isinstance(vocab, dict) else [piece for piece, _ in vocab]


def id_of(name: str, content: str) -> str:
    return str(vocabulary(name).index(content))


BERT_NORMALIZER = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
ONLY_TEXT = {"single": [{"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": side, "type_id": 0}} for side in "AB"]}
CONFIG, JSON, MODEL, MAP, ADDED = "tokenizer_config.json", "tokenizer.json", "config.json", "special_tokens_map.json", "added_tokens.json"
ABSENT = "__absent__"  # in a file: without this key; in place of one: without this file

# name -> (families, file -> keys that replace its own; a function of the family where they depend on it)
SETTINGS = {
    "as saved": (ALL, {}),
    "without tokenizer_config.json": (ALL, {CONFIG: ABSENT}),
    "no class named": (ALL, {CONFIG: {"tokenizer_class": ABSENT}}),
    "the class named with Fast": (ALL - {"modernbert"}, lambda name: {CONFIG: {"tokenizer_class": class_of(name) + "Fast"}}),
    "no class of its own": (ALL, {CONFIG: {"tokenizer_class": "PreTrainedTokenizerFast"}, JSON: {"normalizer": {"type": "Lowercase"}}}),
    "a class that nobody knows": (ALL, {CONFIG: {"tokenizer_class": "MyOwnTokenizer"}, JSON: {"normalizer": {"type": "Lowercase"}}}),
    "the class named in config.json": (
        ALL, {CONFIG: {"tokenizer_class": ABSENT}, MODEL: {"tokenizer_class": "PreTrainedTokenizerFast"}, JSON: {"normalizer": {"type": "Lowercase"}}},
    ),
    "the class of a relative": (WORDPIECE | {"modernbert"}, {CONFIG: {"tokenizer_class": "MPNetTokenizer"}}),
    "a relative's class for sentencepiece": (SENTENCEPIECE, {CONFIG: {"tokenizer_class": "XLMRobertaTokenizer"}}),
    "the model's type unknown": (ALL, {MODEL: {"model_type": "nobody-knows-it"}}),
    "truncation_side left": (ALL, {CONFIG: {"truncation_side": "left", "model_max_length": 12}}),
    "truncation on the left in tokenizer.json": (
        ALL, {JSON: {"truncation": {"direction": "Left", "max_length": 8, "strategy": "LongestFirst", "stride": 0}}},
    ),
    "truncation in tokenizer.json without a side": (ALL, {JSON: {"truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0}}}),
    "truncation on two sides": (
        ALL,
        {
            CONFIG: {"truncation_side": "right", "model_max_length": 20},
            JSON: {"truncation": {"direction": "Left", "max_length": 8, "strategy": "OnlyFirst", "stride": 2}},
        },
    ),
    "padding_side left": (ALL, {CONFIG: {"padding_side": "left"}}),
    "padding_side right": (ALL, {CONFIG: {"padding_side": "right"}}),
    "padding on the left in tokenizer.json": (
        ALL,
        lambda name: {
            JSON: {
                "padding": {
                    "strategy": {"Fixed": 16}, "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 9, "pad_type_id": 1,
                    "pad_token": word_of(name, 0),
                }
            }
        },
    ),
    "padding in tokenizer.json alone names the token": (
        ALL,
        lambda name: {
            CONFIG: {"pad_token": ABSENT},
            JSON: {
                "padding": {
                    "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 9, "pad_type_id": 0,
                    "pad_token": word_of(name, 0),
                }
            },
        },
    ),
    "model_max_length 12": (ALL, {CONFIG: {"model_max_length": 12}}),
    "max_len 11": (ALL, {CONFIG: {"model_max_length": ABSENT, "max_len": 11}}),
    "model_max_length null": (ALL, {CONFIG: {"model_max_length": None, "max_len": 11}}),
    "model_max_length above the positions": (ALL, {CONFIG: {"model_max_length": 5000}}),
    "other tokens at the ends": (
        ALL,
        lambda name: {CONFIG: {f"{role}_token": word_of(name, rank) for rank, role in enumerate(["cls", "sep", "bos", "eos"])}},
    ),
    "tokens at the ends that no vocabulary has": (ALL, {CONFIG: {"cls_token": "[START]", "sep_token": "[END]", "bos_token": "[B]", "eos_token": "[E]"}}),
    "no tokens at the ends": (ALL, {CONFIG: {"cls_token": None, "sep_token": None, "bos_token": None, "eos_token": None}}),
    "no unknown token": (ALL, {CONFIG: {"unk_token": None}}),
    "no padding token": (ALL, {CONFIG: {"pad_token": None}}),
    "another padding token": (ALL, lambda name: {CONFIG: {"pad_token": word_of(name, 1)}}),
    "another unknown token": (ALL, lambda name: {CONFIG: {"unk_token": word_of(name, 2)}}),
    "a mask that takes the space before it": (ALL, lambda name: {CONFIG: {"mask_token": {"__type": "AddedToken", **token("[X]", lstrip=True)}}}),
    "no mask": (ALL, {CONFIG: {"mask_token": None}}),
    "added_tokens_decoder with other flags": (
        ALL,
        lambda name: {
            CONFIG: {
                "added_tokens_decoder": {
                    id_of(name, mask_of(name)): token(mask_of(name), lstrip=True, rstrip=True),
                    id_of(name, word_of(name, 3)): token(word_of(name, 3), special=False, normalized=True, single_word=True),
                    "900": token("river", special=False, normalized=True),
                }
            }
        },
    ),
    "an empty added_tokens_decoder": (ALL, {CONFIG: {"added_tokens_decoder": {}}}),
    "other flags in tokenizer.json": (
        ALL,
        lambda name: {
            JSON: {
                "added_tokens": [
                    {"id": int(id_of(name, mask_of(name))), **token(mask_of(name), lstrip=True)},
                    {"id": 1000, **token("river", special=False, normalized=True)},
                    {"id": 1001, **token("[X]", normalized=True)},
                ]
            }
        },
    ),
    "the older files": (
        ALL,
        lambda name: {
            CONFIG: {"extra_special_tokens": ABSENT},
            MAP: {"mask_token": token("[X]", lstrip=True), "additional_special_tokens": ["river"], "cls_token": word_of(name, 1)},
            ADDED: {"ships": 950, "[X]": 951},
        },
    ),
    "extra_special_tokens": (ALL, {CONFIG: {"extra_special_tokens": ["river", "[X]"]}}),
    "additional_special_tokens": (ALL, {CONFIG: {"extra_special_tokens": ABSENT, "additional_special_tokens": ["river", "[X]"]}}),
    "extra_special_tokens by name": (ALL, {CONFIG: {"extra_special_tokens": {"image_token": "[X]"}, "audio_token": "river"}}),
    "split_special_tokens": (ALL, {CONFIG: {"split_special_tokens": True}}),
    "model_input_names with types": (ALL, {CONFIG: {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}}),
    "model_input_names without types": (ALL, {CONFIG: {"model_input_names": ["input_ids", "attention_mask"]}}),
    "clean_up_tokenization_spaces": (ALL, {CONFIG: {"clean_up_tokenization_spaces": True}}),
    "add_bos_token and add_eos_token": (ALL, {CONFIG: {"add_bos_token": True, "add_eos_token": True}}),
    "another normaliser in tokenizer.json": (ALL, {JSON: {"normalizer": BERT_NORMALIZER}}),
    "no normaliser in tokenizer.json": (ALL, {JSON: {"normalizer": None}}),
    "another pre-tokenizer in tokenizer.json": (ALL, {JSON: {"pre_tokenizer": {"type": "WhitespaceSplit"}}}),
    "another post-processor in tokenizer.json": (ALL, {JSON: {"post_processor": {"type": "TemplateProcessing", **ONLY_TEXT, "special_tokens": {}}}}),
    "no post-processor in tokenizer.json": (ALL, {JSON: {"post_processor": None}}),
    "another decoder in tokenizer.json": (ALL, {JSON: {"decoder": {"type": "Fuse"}}}),
    "do_lower_case false": (ALL, {CONFIG: {"do_lower_case": False}}),
    "do_lower_case true": (ALL, {CONFIG: {"do_lower_case": True}}),
    "do_lower_case null": (ALL, {CONFIG: {"do_lower_case": None}}),
    "do_lower_case as a word": (ALL, {CONFIG: {"do_lower_case": "false"}}),
    "strip_accents true": (WORDPIECE | {"modernbert"}, {CONFIG: {"strip_accents": True, "do_lower_case": False}}),
    "strip_accents false": (WORDPIECE, {CONFIG: {"strip_accents": False}}),
    "tokenize_chinese_chars false": (WORDPIECE, {CONFIG: {"tokenize_chinese_chars": False}}),
    "other limits of WordPiece in tokenizer.json": (
        {"bert"}, {JSON: {"model": {"max_input_chars_per_word": 3, "continuing_subword_prefix": "@@", "unk_token": "[PAD]"}}},
    ),
    "other rules of BPE in tokenizer.json": (BPE, {JSON: {"model": {"dropout": 1.0, "ignore_merges": True, "unk_token": "[UNK]"}}}),
    "add_prefix_space true": (BPE | SENTENCEPIECE | {"modernbert"}, {CONFIG: {"add_prefix_space": True}}),
    "add_prefix_space false": (SENTENCEPIECE, {CONFIG: {"add_prefix_space": False}}),
    "trim_offsets false": (BPE | {"albert"}, {CONFIG: {"trim_offsets": False}}),
    "keep_accents true": (SENTENCEPIECE, {CONFIG: {"keep_accents": True}}),
    "remove_space false": (SENTENCEPIECE, {CONFIG: {"remove_space": False}}),
    "remove_space true": (SENTENCEPIECE, {CONFIG: {"remove_space": True}}),
    "split_by_punct true": (SENTENCEPIECE, {CONFIG: {"split_by_punct": True}}),
    "another unk_id": (SENTENCEPIECE, {CONFIG: {"unk_id": 7}}),
}


def class_of(name: str) -> str:
    return json.loads((FOLDERS / name / CONFIG).read_text())["tokenizer_class"]


def mask_of(name: str) -> str:
    return json.loads((FOLDERS / name / CONFIG).read_text())["mask_token"]


def save_base(name: str) -> None:
    """The family's folder as save_pretrained writes it, in one line a file."""
    folder = FOLDERS / name
    with tempfile.TemporaryDirectory() as temporary:
        AutoTokenizer.from_pretrained(GOLDENS / "tokenizers" / KIND.get(name, name)).save_pretrained(temporary)
        folder.mkdir(parents=True)
        for file in (CONFIG, JSON):
            content = json.loads((Path(temporary) / file).read_text())
            for key in ("is_local", "local_files_only"):
                content.pop(key, None)
            if name == "modernbert" and file == CONFIG:
                content["tokenizer_class"] = "PreTrainedTokenizerFast"
            (folder / file).write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    keys = {"model_type": name, **FAMILIES[name].configs[0], "vocab_size": 1300}
    if "pad_token_id" in keys or name in ("roberta", "xlm-roberta", "camembert"):
        keys["pad_token_id"] = 1
    (folder / MODEL).write_text(json.dumps(keys) + "\n")


def changed(content: dict, keys: dict) -> dict:
    """`model` of tokenizer.json is changed key by key, all else is replaced."""
    keys = {key: {**content["model"], **value} if key == "model" else value for key, value in keys.items()}
    return {key: value for key, value in {**content, **keys}.items() if value != ABSENT}


def folder_with(name: str, files: dict, root: Path) -> Path:
    folder = Path(shutil.copytree(FOLDERS / name, root / name))
    for file, keys in files.items():
        path = folder / file
        if keys == ABSENT:
            path.unlink()
        else:
            content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            path.write_text(json.dumps(changed(content, keys)), encoding="utf-8")
    return folder


def ids_of(rows: list) -> list:
    return [" ".join(map(str, row)) for row in rows]


def attempt(make):
    """What is made, or that it cannot be."""
    try:
        return make()
    except (Exception, BaseException) as error:  # a panic of the library is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"refused": type(error).__name__}


def types_of(tokenizer, files: dict) -> dict:
    """Token types where the files ask for them, or do not say: some classes leave out those that their models were trained with."""
    named = isinstance(files.get(CONFIG), dict) and "model_input_names" in files[CONFIG]
    family = Path(tokenizer.name_or_path).name
    typed = family in TYPED and "model_type" not in files.get(MODEL, {}) or type(tokenizer).__name__ in ("XLNetTokenizer", "AlbertTokenizer")
    return {} if named or not typed else {"return_token_type_ids": True}


def pairs_of(tokenizer, files: dict, **options) -> dict:
    out = tokenizer([a for a, _ in PAIRS], [b for _, b in PAIRS], **types_of(tokenizer, files), **options)
    types = out.get("token_type_ids") or [[0] * len(row) for row in out["input_ids"]]
    return {"ids": ids_of(out["input_ids"]), "types": ids_of(types)}


def padded(tokenizer, files: dict) -> dict:
    out = tokenizer([TEXTS[0], "x"], padding=True, **types_of(tokenizer, files))
    types = out.get("token_type_ids") or [[0] * len(row) for row in out["input_ids"]]
    return {"ids": ids_of(out["input_ids"]), "mask": ids_of(out["attention_mask"]), "types": ids_of(types)}


def positions_of(name: str) -> int | None:
    keys = json.loads((FOLDERS / name / MODEL).read_text())
    most = keys.get("max_position_embeddings")
    if name in ("xlnet", "deberta", "deberta-v2"):
        return None
    return most - 2 if name in ("roberta", "xlm-roberta", "camembert", "mpnet") else most


def logits_of(tokenizer, name: str, files: dict, models: dict) -> list:
    keys = FAMILIES[name].configs[0]
    limit = min(tokenizer.model_max_length, positions_of(name) or LARGE)
    limit = 512 if limit >= LARGE else limit
    rows = []
    for text, pair in [*((text, None) for text in TEXTS), *PAIRS]:
        out = tokenizer([text], None if pair is None else [pair], truncation=True, max_length=limit, **types_of(tokenizer, files))
        inputs = {key: torch.tensor(out[key]) for key in ("input_ids", "attention_mask", "token_type_ids") if key in out}
        if name in ("distilbert", "mpnet", "modernbert", "roberta", "xlm-roberta", "camembert") or keys.get("type_vocab_size") == 0:
            inputs.pop("token_type_ids", None)
        with torch.no_grad():
            rows.append(attempt(lambda: digits(models[name](**inputs).logits[0])))
    return rows


def described(name: str, files: dict, models: dict) -> dict:
    with tempfile.TemporaryDirectory() as root:
        folder = folder_with(name, files, Path(root))
        tokenizer = attempt(lambda: AutoTokenizer.from_pretrained(folder))
        if isinstance(tokenizer, dict):
            return tokenizer
        singles = attempt(lambda: tokenizer(TEXTS)["input_ids"])
        if isinstance(singles, dict):
            return singles
        limit = tokenizer.model_max_length
        return {
            "class": type(tokenizer).__name__,
            "sides": f"{tokenizer.truncation_side} {tokenizer.padding_side}",
            "padTokenId": attempt(lambda: tokenizer.pad_token_id),
            "modelMaxLength": limit if limit < LARGE else None,
            "singles": ids_of(singles),
            "pairs": attempt(lambda: pairs_of(tokenizer, files)),
            "cut": attempt(lambda: ids_of(tokenizer(TEXTS, truncation=True, max_length=CUT)["input_ids"])),
            "cutPairs": attempt(lambda: pairs_of(tokenizer, files, truncation=True, max_length=CUT)),
            "onlyFirst": [attempt(lambda: only(tokenizer, pair, "only_first")) for pair in PAIRS],
            "onlySecond": [attempt(lambda: only(tokenizer, pair, "only_second")) for pair in PAIRS],
            "padded": attempt(lambda: padded(tokenizer, files)),
            "decoded": [tokenizer.decode(row, skip_special_tokens=skip) for row in singles[:3] for skip in (False, True)],
            "logits": logits_of(tokenizer, name, files, models),
        }


def only(tokenizer, pair: list, strategy: str) -> str:
    return " ".join(map(str, tokenizer(*pair, truncation=strategy, max_length=CUT)["input_ids"]))


def class_names() -> dict:
    """For each name that a folder may have: the class that it means, and "python" for one that runs no tokenizer.json."""
    names = {name for name in [*TOKENIZER_MAPPING_NAMES.values(), *dir(transformers)] if name and re.fullmatch(r"\w+Tokenizer", name)}
    aliases = ["ElectraTokenizer", "LayoutLMTokenizer", "LxmertTokenizer", "MobileBertTokenizer", "SqueezeBertTokenizer", "DistilBertTokenizer"]
    classes = {}
    for name in sorted({*names, *aliases, "BartTokenizer", "LEDTokenizer", "LongformerTokenizer", "MvpTokenizer", "PhobertTokenizer", "MyOwnTokenizer"}):
        found = attempt(lambda: tokenizer_class_from_name(name))
        if isinstance(found, type):
            classes[name] = found.__name__ if issubclass(found, TokenizersBackend) else "python"
        else:
            classes[name] = None
    return classes


def main() -> None:
    shutil.rmtree(FOLDERS, ignore_errors=True)
    models = {}
    pool, places = [], {}

    def kept(value) -> int:
        key = json.dumps(value)
        if key not in places:
            places[key] = len(pool)
            pool.append(value)
        return places[key]

    families = {}
    for name in FAMILIES:
        save_base(name)
        keys = json.loads((FOLDERS / name / MODEL).read_text())
        del keys["model_type"]
        models[name] = model_of(name, keys, torch.float32).eval()
    for name in FAMILIES:
        families[name] = {}
        for setting, (applies, files) in SETTINGS.items():
            if name not in applies:
                continue
            files = files(name) if callable(files) else files
            result = described(name, files, models)
            families[name][setting] = {"files": files, **{key: kept(value) for key, value in result.items()}}
    inputs = {"texts": TEXTS, "pairs": PAIRS, "cut": CUT}
    write("tokenizer_settings.json", __file__, ("torch", "transformers", "tokenizers"), {**inputs, "classes": class_names(), "values": pool, **families})


if __name__ == "__main__":
    main()
