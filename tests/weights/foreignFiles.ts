/** Files that are given as weights and are none that are read: what each is, and how the refusal helps. */
import { gzipSync } from "node:zlib";
import { archiveOf, dict, op, pickleOf, tensor, zipOf } from "./torch/torchArchive.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const goodTorch = archiveOf(pickleOf(dict("w", tensor(0, [4], [1]))));
/** What `pickle.dumps` makes of a class whose `__reduce__` runs a command, in its protocols. */
const command = "touch thaw-was-here";
const pickle0 = latin1(`cposix\nsystem\np0\n(V${command}\np1\ntp2\nRp3\n.`);
const pickle2 = Buffer.concat([latin1("\x80\x02cposix\nsystem\nq\x00"), op.tuple(op.text(command)), latin1("Rq\x01.")]);
const pickle4 = latin1(
  `\x80\x04\x95\x2e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x13${command}\x94\x85\x94R\x94.`,
);
const torchWithCode = archiveOf(pickleOf(op.call(op.global("posix", "system"), op.tuple(op.text(command)))), {
  name: "a/version",
  bytes: latin1("3\n"),
});
const oldTorch = Buffer.concat([
  Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"),
  pickleOf(op.global("os", "system")),
]);
const hdf5 = latin1("\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0");
const checkpointIndex = Buffer.concat([Buffer.alloc(60), Buffer.from("57fb808b247547db", "hex")]);
const flax = Buffer.concat([latin1("\x82\xaaclassifier\x82\xa4bias\xc7\x0e\x01"), Buffer.alloc(40)]);
const onnx = latin1("\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x80\x01");
const safetensors = latin1('\x40\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}        \0\0\0\0');
const tar = Buffer.concat([latin1("storages".padEnd(257, "\0")), latin1("ustar\0"), Buffer.alloc(249)]);
const lfs = latin1("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 437955512\n");
const page = latin1("<!DOCTYPE html>\n<html><body>401 Unauthorized</body></html>");

export interface ForeignFile {
  readonly title: string;
  readonly file: string;
  readonly content: Uint8Array;
  readonly code: string;
  readonly message: RegExp;
}

const pickled =
  /a pickle: a program for Python, which is not run. If you trust who made it, .*\n.*import pickle, torch/;
const tensorflow = /"transformers<5" torch tensorflow(.*\n)+.*load_tf2_checkpoint_in_pytorch_model\(model, /;
const row =
  (file: string, code: string) =>
  (title: string, content: Uint8Array, message: RegExp): ForeignFile => ({
    title,
    file,
    content,
    code,
    message,
  });

const asSafetensors = row("model.safetensors", "WRONG_FORMAT");
const asTorch = row("pytorch_model.bin", "WRONG_FORMAT");
const alone = (file: string, title: string, content: Uint8Array, message: RegExp) =>
  row(file, "MISSING_FILE")(`${title}, and nothing else`, content, message);

export const foreignFiles: readonly ForeignFile[] = [
  asSafetensors("an HDF5 file", hdf5, tensorflow),
  asSafetensors("an HDF5 file behind a block of its user", Buffer.concat([Buffer.alloc(512), hdf5]), tensorflow),
  asSafetensors(
    "the index of a TensorFlow checkpoint",
    checkpointIndex,
    /a checkpoint of TensorFlow. Take the model that it was made from/,
  ),
  asSafetensors("a pickle of protocol 0", pickle0, pickled),
  asSafetensors("a pickle of protocol 2", pickle2, pickled),
  asSafetensors("a pickle of protocol 4", pickle4, pickled),
  asSafetensors(
    "a file of PyTorch",
    goodTorch,
    /a zip archive, as PyTorch writes. Called pytorch_model.bin, its state dict/,
  ),
  asSafetensors("a file of PyTorch with code", torchWithCode, /a zip archive, as PyTorch writes/),
  asSafetensors("a file of PyTorch before 1.6 with code", oldTorch, /a file of PyTorch before 1.6/),
  asSafetensors(
    "what Flax writes",
    flax,
    /a MessagePack file, as Flax writes. Convert it(.*\n)+.*load_flax_checkpoint_in_pytorch_model/,
  ),
  asSafetensors("an ONNX model", onnx, /an ONNX model. Take the model that it was made from/),
  asSafetensors("a GGUF file", latin1("GGUF\x03\0\0\0"), /a GGUF file of llama.cpp/),
  asSafetensors("a TensorFlow Lite model", latin1("\x1c\0\0\0TFL3\x14\0\x20\0"), /a TensorFlow Lite model/),
  asSafetensors("an array of NumPy", latin1("\x93NUMPY\x01\0v\0{'descr': '<f4'"), /an array of NumPy/),
  asSafetensors("a gzip archive", gzipSync(hdf5), /a gzip archive. Unpack it/),
  asSafetensors("a tar archive", tar, /a tar archive/),
  asSafetensors("a pointer of Git LFS", lfs, /a Git LFS pointer: the weights were not downloaded. Run `git lfs pull`/),
  asSafetensors("a web page", page, /a web page. Download the file again/),
  asSafetensors("a program", latin1("\x7fELF\x02\x01\x01\0\0\0\0\0"), /is a program/),
  asSafetensors("a script", latin1(`#!/bin/sh\n${command}\n`), /is a program/),
  row("model.safetensors", "BAD_SAFETENSORS")(
    "a Python file",
    latin1(`import os\nos.system("${command}")\n`),
    /not a valid/,
  ),
  row("model.safetensors", "BAD_SAFETENSORS")("nothing", new Uint8Array(0), /too few for the length of a header/),
  asTorch("an HDF5 file", hdf5, tensorflow),
  asTorch("the index of a TensorFlow checkpoint", checkpointIndex, /a checkpoint of TensorFlow/),
  asTorch("a pickle of protocol 0", pickle0, pickled),
  asTorch("a pickle of protocol 2", pickle2, pickled),
  asTorch("a pickle of protocol 4", pickle4, pickled),
  asTorch("a safetensors file", safetensors, /a safetensors file. Call it model.safetensors/),
  asTorch("what Flax writes", flax, /MessagePack/),
  asTorch("an ONNX model", onnx, /an ONNX model/),
  asTorch("a tar archive, as PyTorch once wrote", tar, /a tar archive/),
  asTorch("a pointer of Git LFS", lfs, /Git LFS pointer/),
  asTorch("a web page", page, /a web page/),
  asTorch("a script", latin1(`#!/usr/bin/env python3\nimport os; os.system("${command}")\n`), /is a program/),
  row("pytorch_model.bin", "BAD_PICKLE")(
    "code",
    torchWithCode,
    /names "posix.system", which is not read. If you trust who made it, since loading it runs its code/,
  ),
  row("pytorch_model.bin", "BAD_PICKLE")("code of before 1.6", oldTorch, /If you trust who made it/),
  row("pytorch_model.bin", "BAD_PICKLE")(
    "an archive of TorchScript",
    zipOf([{ name: "a/code/__torch__.py", bytes: hdf5 }]),
    /without a data.pkl/,
  ),
  alone(
    "tf_model.h5",
    "weights of TensorFlow",
    hdf5,
    /tf_model.h5 \(an HDF5 file, as TensorFlow and Keras write\)(.*\n)+.*load_tf2_checkpoint/,
  ),
  alone(
    "model.ckpt.index",
    "a TensorFlow checkpoint",
    checkpointIndex,
    /model.ckpt.index \(a checkpoint of TensorFlow\)/,
  ),
  alone(
    "model.ckpt.data-00000-of-00001",
    "half of a TensorFlow checkpoint",
    Buffer.alloc(64, 1),
    /a checkpoint of TensorFlow/,
  ),
  alone("saved_model.pb", "a SavedModel", latin1("\x08\x01\x12\xff"), /saved_model.pb \(a checkpoint of TensorFlow\)/),
  alone(
    "flax_model.msgpack",
    "weights of Flax",
    flax,
    /flax_model.msgpack \(a MessagePack file, as Flax writes\)(.*\n)+.*load_flax_checkpoint/,
  ),
  alone("model.onnx", "an ONNX model", onnx, /model.onnx \(an ONNX model\)/),
  alone(
    "pytorch_model.pt",
    "a PyTorch file of another name",
    goodTorch,
    /Called pytorch_model.bin, its state dict is read/,
  ),
  alone("weights.pkl", "a pickle", pickle4, /weights.pkl \(a pickle: a program for Python, which is not run\)/),
  alone("model.gguf", "a GGUF file", latin1("GGUF\x03\0\0\0"), /model.gguf \(a GGUF file/),
  alone("weights.bin", "a pickle of a name that says nothing", pickle2, /weights.bin \(a pickle/),
];
