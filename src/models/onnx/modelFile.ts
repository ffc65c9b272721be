/** Makes the bytes of an ONNX file: a `ModelProto` (onnx/onnx, onnx/onnx.proto, IR version 8) as a protocol buffer. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ThawError } from "../../errors.ts";
import type { Attribute, ElementType, Graph, GraphNode, GraphPort, Initializer } from "./graph.ts";

/** The IR version: 8 belongs to opset 17. */
const irVersion = 8;
/** The opset: 17 has `LayerNormalization`, and runtimes of 2023 still read it. */
const opset = 17;
/** Largest size in bytes: a protocol buffer holds less than 2 GiB. */
const limit = 2 ** 31 - 1;

const elementTypes: Readonly<Record<ElementType, number>> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 };
const attributeTypes = { float: 1, int: 2, ints: 7 } as const;

/**
 * Yields the file piece by piece. The values of a tensor are made only when its piece is read, so that no second copy
 * of the model is in memory. Throws `MODEL_TOO_LARGE` at once for a model that does not fit into such a file.
 */
export function modelFile(graph: Graph): Iterable<Uint8Array> {
  const head = new BinaryWriter();
  head.tag(1, WireType.Varint).int64(irVersion);
  head.tag(2, WireType.LengthDelimited).string("thaw");
  head.tag(8, WireType.LengthDelimited).fork().tag(2, WireType.Varint).int64(opset).join();
  const tensors = graph.initializers.map((tensor) => ({ tensor, head: tensorHead(tensor) }));
  const rest = graphBytes(graph);
  const length = tensors.reduce((sum, { tensor, head }) => sum + head.length + tensor.byteLength, rest.length);
  if (length + 1000 > limit) {
    throw new ThawError(
      "MODEL_TOO_LARGE",
      `The ONNX file would have ${(length / 2 ** 30).toFixed(1)} GiB, and no such file can hold 2. ` +
        "Use a smaller model in the browser; saveModel keeps this one.",
    );
  }
  head.tag(7, WireType.LengthDelimited).uint32(length);
  return (function* () {
    yield head.finish();
    yield rest;
    for (const { tensor, head } of tensors) {
      yield head;
      yield tensor.bytes();
    }
  })();
}

/** Makes a `GraphProto` without its initializers, which may follow. */
function graphBytes({ nodes, inputs, outputs }: Graph): Uint8Array {
  const writer = new BinaryWriter();
  for (const node of nodes) writeNode(writer.tag(1, WireType.LengthDelimited).fork(), node).join();
  writer.tag(2, WireType.LengthDelimited).string("classifier");
  for (const port of inputs) writePort(writer.tag(11, WireType.LengthDelimited).fork(), port).join();
  for (const port of outputs) writePort(writer.tag(12, WireType.LengthDelimited).fork(), port).join();
  return writer.finish();
}

/** Makes the part of a field `initializer` before the values of the tensor: `TensorProto` with `raw_data` last. */
function tensorHead({ name, type, shape, byteLength }: Initializer): Uint8Array {
  const own = new BinaryWriter();
  for (const size of shape) own.tag(1, WireType.Varint).int64(size);
  own.tag(2, WireType.Varint).int32(elementTypes[type]);
  own.tag(8, WireType.LengthDelimited).string(name);
  own.tag(9, WireType.LengthDelimited).uint32(byteLength % 2 ** 32); // what is larger is refused
  const bytes = own.finish();
  const field = new BinaryWriter().tag(5, WireType.LengthDelimited).uint32((bytes.length + byteLength) % 2 ** 32);
  return Buffer.concat([field.finish(), bytes]);
}

function writeNode(writer: BinaryWriter, { op, inputs, outputs, attributes }: GraphNode): BinaryWriter {
  for (const name of inputs) writer.tag(1, WireType.LengthDelimited).string(name);
  for (const name of outputs) writer.tag(2, WireType.LengthDelimited).string(name);
  writer.tag(3, WireType.LengthDelimited).string(`node_${outputs[0]}`);
  writer.tag(4, WireType.LengthDelimited).string(op);
  for (const [name, value] of Object.entries(attributes)) {
    writeAttribute(writer.tag(5, WireType.LengthDelimited).fork(), name, value).join();
  }
  return writer;
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).string(name);
  const type = (kind: keyof typeof attributeTypes) => writer.tag(20, WireType.Varint).int32(attributeTypes[kind]);
  if (typeof value === "number") {
    writer.tag(3, WireType.Varint).int64(value);
    return type("int");
  }
  if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    return type("float");
  }
  for (const each of value) writer.tag(8, WireType.Varint).int64(each);
  return type("ints");
}

/** Writes a `ValueInfoProto` with a tensor type. */
function writePort(writer: BinaryWriter, { name, type, shape }: GraphPort): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).string(name);
  const tensor = writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork();
  tensor.tag(1, WireType.Varint).int32(elementTypes[type]);
  tensor.tag(2, WireType.LengthDelimited).fork();
  for (const size of shape) {
    tensor.tag(1, WireType.LengthDelimited).fork();
    if (typeof size === "number") tensor.tag(1, WireType.Varint).int64(size);
    else tensor.tag(2, WireType.LengthDelimited).string(size);
    tensor.join();
  }
  return tensor.join().join().join();
}
