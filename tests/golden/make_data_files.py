"""Data files as pandas and pyarrow write them, in `data/`, and what pandas reads of each (`data_files.json`).

Parquet in every codec that pyarrow writes, both versions of data pages, with and without dictionaries, columns of every
type that a label or text comes in, missing values, and the names of labels that Hugging Face's `datasets` leaves in the
file; CSV and JSON with the defaults of pandas and with those options that people use. `data/foreign` has what is no data file
here: formats of Python's own and of pyarrow, packed files and archives.
"""

import bz2
import io
import json
import lzma
import pickle
import tarfile
import zipfile

import numpy
import pandas
import pyarrow
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
from golden_file import GOLDENS, write

FOLDER = GOLDENS / "data"
FOLDER.mkdir(parents=True, exist_ok=True)
TEXTS = ["Good, and \"warm\".", "Two\nlines", "café 日本 😀", "Bad; very bad", "It's fine", "x" * 300, "plain", "no\ttab"]
LABELS = ["pos", "pos", "neg", "neg", "pos", "neg", "pos", "neg"]
SETS = [["joy", "trust"], [], ["trust"], ["anger"], ["joy"], ["it's"], ["joy", "anger"], ['say "x"']]
HOT = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
NUMBERS = [0, 1, 0, 1, 1, 0, 1, 0]
files = []


def add(name: str, rows: list) -> None:
    files.append({"name": name, "rows": rows})


def columns(table: dict) -> list:
    return [dict(zip(table, values)) for values in zip(*table.values())]


def parquet(name: str, table: pyarrow.Table, **options) -> None:
    pyarrow.parquet.write_table(table, FOLDER / f"{name}.parquet", **options)
    add(f"{name}.parquet", table.to_pylist())


plain = pyarrow.table({"text": TEXTS, "label": pyarrow.array(NUMBERS, pyarrow.int64()), "name": LABELS})
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    parquet(f"codec-{codec}", plain, compression=codec)
parquet("pages-2", plain, data_page_version="2.0", compression="snappy")
parquet("no-dictionary", plain, use_dictionary=False, compression="zstd")
parquet("byte-stream", pyarrow.table({"text": TEXTS, "label": pyarrow.array([0.5 * i for i in range(8)], pyarrow.float32())}),
        use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY", "label": "BYTE_STREAM_SPLIT"})
parquet("row-groups", pyarrow.table({"text": TEXTS * 4, "label": pyarrow.array(NUMBERS * 4, pyarrow.int8())}), row_group_size=5)
parquet("types", pyarrow.table({
    "text": pyarrow.array(TEXTS, pyarrow.large_string()), "label": pyarrow.array(LABELS).dictionary_encode(),
    "double": pyarrow.array([float(n) for n in NUMBERS]), "flag": pyarrow.array([n == 1 for n in NUMBERS]),
    "unsigned": pyarrow.array(NUMBERS, pyarrow.uint8()), "score": pyarrow.array([0.5 * i for i in range(8)], pyarrow.float32()),
}))
parquet("lists", pyarrow.table({"text": TEXTS, "label": SETS, "hot": pyarrow.array(HOT, pyarrow.list_(pyarrow.int64())),
                                "floats": pyarrow.array(HOT, pyarrow.list_(pyarrow.float32()))}))
parquet("nulls", pyarrow.table({"text": TEXTS[:3] + [None] + TEXTS[4:], "label": pyarrow.array([0, 1, None, 1, 0, 1, 0, 1], pyarrow.int64())}))
features = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": ["negative", "positive"], "_type": "ClassLabel"}}
parquet("class-label", plain.select(["text", "label"]).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}))
sequence = {"text": features["text"], "label": {"feature": {"names": ["joy", "trust", "anger"], "_type": "ClassLabel"}, "_type": "List"}}
indices = pyarrow.array([[0, 1], [], [1], [2], [0], [2], [0, 2], [1]], pyarrow.list_(pyarrow.int64()))
parquet("class-label-lists", pyarrow.table({"text": TEXTS, "label": indices}).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": sequence}})}))
unlabelled = pyarrow.table({"text": TEXTS, "label": pyarrow.array([-1] * 8, pyarrow.int64())})
parquet("class-label-test", unlabelled.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}))

frame = pandas.DataFrame({"text": TEXTS, "label": LABELS})
rows = columns({"text": TEXTS, "label": LABELS})
frame.to_csv(FOLDER / "default.csv")
add("default.csv", rows)
frame.to_csv(FOLDER / "semicolon.csv", sep=";", index=False)
add("semicolon.csv", rows)
frame.to_csv(FOLDER / "tabs.tsv", sep="\t", index=False)
add("tabs.tsv", rows)
frame.to_csv(FOLDER / "crlf.csv", index=False, lineterminator="\r\n")
add("crlf.csv", rows)
frame.to_csv(FOLDER / "utf-16.csv", index=False, encoding="utf-16")
add("utf-16.csv", rows)
frame.to_csv(FOLDER / "utf-8-sig.csv", index=False, encoding="utf-8-sig")
add("utf-8-sig.csv", rows)
frame.to_csv(FOLDER / "packed.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
add("packed.csv.gz", rows)
western = pandas.DataFrame({"text": ["café", "“naïve”", "10 €"], "label": ["pos", "neg", "pos"]})
western.to_csv(FOLDER / "cp1252.csv", index=False, encoding="cp1252")
add("cp1252.csv", columns({"text": list(western.text), "label": list(western.label)}))
pandas.DataFrame({"text": TEXTS, "label": [float(n) for n in NUMBERS]}).to_csv(FOLDER / "floats.csv", index=False)
add("floats.csv", columns({"text": TEXTS, "label": NUMBERS}))
pandas.DataFrame({"text": TEXTS, "label": [n == 1 for n in NUMBERS]}).to_csv(FOLDER / "booleans.csv", index=False)
add("booleans.csv", columns({"text": TEXTS, "label": ["True" if n else "False" for n in NUMBERS]}))
pandas.DataFrame({"text": TEXTS, "label": SETS}).to_csv(FOLDER / "lists.csv", index=False)
add("lists.csv", columns({"text": TEXTS, "label": SETS}))
pandas.DataFrame({"text": TEXTS, "label": HOT}).to_csv(FOLDER / "multi-hot.csv", index=False)
add("multi-hot.csv", columns({"text": TEXTS, "label": HOT}))
pandas.DataFrame({"text": TEXTS, "label": [numpy.array(hot) for hot in HOT]}).to_csv(FOLDER / "multi-hot-numpy.csv", index=False)
add("multi-hot-numpy.csv", columns({"text": TEXTS, "label": HOT}))
names = [numpy.array(labels, dtype=object) for labels in SETS]
pandas.DataFrame({"text": TEXTS, "label": names}).to_csv(FOLDER / "lists-numpy.csv", index=False)
add("lists-numpy.csv", columns({"text": TEXTS, "label": SETS}))

frame.to_json(FOLDER / "lines.jsonl", orient="records", lines=True)
add("lines.jsonl", rows)
frame.to_json(FOLDER / "records.json", orient="records")
add("records.json", rows)
frame.to_json(FOLDER / "indented.json", orient="records", indent=2, force_ascii=False)
add("indented.json", rows)
(FOLDER / "columns.json").write_text(json.dumps(frame.to_dict(orient="list")))
add("columns.json", rows)
frame.to_json(FOLDER / "by-index.json")
add("by-index.json", rows)
frame.to_json(FOLDER / "split.json", orient="split")
add("split.json", rows)
frame.to_json(FOLDER / "table.json", orient="table", index=False)
add("table.json", rows)

FOREIGN = FOLDER / "foreign"
FOREIGN.mkdir(exist_ok=True)
table = pyarrow.table({"text": ["Good.", "Bad."], "label": ["pos", "neg"]})
content = b"text,label\nGood.,pos\nBad.,neg\n"
pyarrow.feather.write_feather(table, FOREIGN / "feather", compression="uncompressed")
with pyarrow.ipc.new_stream(FOREIGN / "arrow-stream", table.schema) as stream:
    stream.write_table(table)
pyarrow.orc.write_table(table, FOREIGN / "orc")
(FOREIGN / "pickle").write_bytes(pickle.dumps([{"text": "Good.", "label": "pos"}, {"text": "Bad.", "label": "neg"}], protocol=4))
numpy.save(FOREIGN / "array.npy", numpy.array(["Good.", "Bad."]))
(FOREIGN / "bzip2").write_bytes(bz2.compress(content))
(FOREIGN / "xz").write_bytes(lzma.compress(content))
(FOREIGN / "zstd").write_bytes(pyarrow.compress(content, "zstd", asbytes=True))
(FOREIGN / "lz4").write_bytes(pyarrow.compress(content, "lz4", asbytes=True))


def archive(name: str, members: dict) -> None:
    with zipfile.ZipFile(FOREIGN / name, "w", zipfile.ZIP_DEFLATED) as file:
        for member, text in members.items():
            file.writestr(zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0)), text)


archive("zip", {"reviews.csv": content})
archive("xlsx", {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": "<worksheet/>"})
archive("ods", {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<office:document-content/>"})
archive("docx", {"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document/>"})
with tarfile.open(FOREIGN / "tar", "w") as file:
    member = tarfile.TarInfo("reviews.csv")
    member.size = len(content)
    file.addfile(member, io.BytesIO(content))

write("data_files.json", __file__, ("pandas", "pyarrow", "numpy"), {"files": files})
