"""Files as the reference writer makes them, and headers that the reference reader accepts."""

import base64
import struct

import numpy as np
from golden_file import write
from safetensors import deserialize
from safetensors.numpy import save

numbers = np.arange(12, dtype=np.float32) / 8 - 0.5

plain = save(
    {
        "bert.pooler.dense.weight": numbers.reshape(3, 4),
        "bert.pooler.dense.bias": numbers[:3].copy(),
        "scalar": np.array(7.25, dtype=np.float32),
        "empty": np.zeros((0, 4), dtype=np.float32),
        "Größe ☃ \"quoted\"": numbers[:1].copy(),
        "__proto__": numbers[1:2].copy(),
        "10": numbers[2:3].copy(),
        "9": numbers[3:4].copy(),
    },
    {"format": "pt"},
)

# Every bit pattern of both 16-bit types, with numpy's own widening as the answer.
half_bits = np.arange(65536, dtype=np.uint16)
widened = {
    "F16": half_bits.view(np.float16).astype(np.float32),
    "BF16": (half_bits.astype(np.uint32) << 16).view(np.float32),
}
# NaN payloads are compared by bits except that a signalling NaN may be quietened.
checks = {
    name: [int(x) for x in np.where(np.isnan(w), np.uint32(0x7FC00000), w.view(np.uint32))[::97]]
    for name, w in widened.items()
}
mixed = save(
    {
        "half": np.array([1, -2.5, 6e-8, 65504], np.float16),
        "double": np.array([0.1, 1e300], np.float64),
        "ids": np.array([0, 1, 2], np.int64),
        "flags": np.array([True, False]),
        "float": np.array([0.1, 2], np.float32),
    }
)


def accepts(header: str, data: bytes) -> bool:
    body = header.encode()
    try:
        deserialize(struct.pack("<Q", len(body)) + body + data)
        return True
    except Exception:
        return False


one = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
valid = [
    ["no tensors", "{}", 0],
    ["space around everything", ' \n{ "a" : { "dtype" : "F32" , "shape" : [ 1 ] , "data_offsets" : [ 0 , 4 ] } } \t', 4],
    ["metadata null", '{"__metadata__":null,' + one + "}", 4],
    ["unknown fields in an entry", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":[null,true,1.5,"x"]}}', 4],
    ["rank 0", '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4],
    ["zero elements twice in one place", '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]}}', 0],
    ["escaped name", '{"\\u0061\\n\\ud83d\\ude00":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4],
    ["not aligned", '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}', 5],
    ["out of order", '{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},' + one + "}", 8],
]
for name, header, size in valid:
    assert accepts(header, bytes(size)), name

write("safetensors.json", __file__, ("safetensors", "numpy"), {
    "plain": base64.b64encode(plain).decode(),
    "mixed": base64.b64encode(mixed).decode(),
    "widened": checks,
    "valid": [{"name": name, "header": header, "dataBytes": size} for name, header, size in valid],
})
