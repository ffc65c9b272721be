"""Opens folders as a user of transformers would and says for each what came of it.

    python open_folders.py < folders.json      folders.json: ["a/folder", ...]

Prints a list, one entry for each folder: {"model", "tokenizer"}. "model": [labels, bias of the head], or the name of the
exception; "tokenizer": the ids of a text, or the name of the exception.
"""

import json
import sys
import warnings

from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
warnings.simplefilter("ignore")


def attempt(work):
    try:
        return work()
    except Exception as error:
        return type(error).__name__


def model(folder):
    found = AutoModelForSequenceClassification.from_pretrained(folder)
    return [list(found.config.id2label.values()), found.classifier.bias.tolist()]


def tokens(folder):
    return AutoTokenizer.from_pretrained(folder)("a b c Zebra, the quick brown fox")["input_ids"]


print(json.dumps([{"model": attempt(lambda: model(folder)), "tokenizer": attempt(lambda: tokens(folder))} for folder in json.load(sys.stdin)]))
