"""What the reference reader says of the first 20,000 mutants of tests/weights/safetensors/mutants.mjs, as bits: needs node."""

import base64
import io
import subprocess

from golden_file import HERE, write
from judge_safetensors import verdicts

COUNT = 20_000
mutants = subprocess.run(
    ["node", str(HERE.parent / "weights" / "safetensors" / "mutants.mjs"), "0", str(COUNT)], check=True, stdout=subprocess.PIPE
).stdout
accepted = list(verdicts(io.BytesIO(mutants)))
assert len(accepted) == COUNT
bits = bytes(sum(bit << place for place, bit in enumerate(accepted[i : i + 8])) for i in range(0, COUNT, 8))
write(
    "safetensors_mutants.json",
    __file__,
    ("safetensors",),
    {"count": COUNT, "accepted": sum(accepted), "bits": base64.b64encode(bits).decode()},
)
