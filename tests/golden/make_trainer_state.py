"""The keys that `trainer_state.json` may have, so that `TrainerState.load_from_json` takes it, and what a saved one looks like."""

import dataclasses
import json
import tempfile
from pathlib import Path

from golden_file import write
from transformers.trainer_callback import TrainerState

# As Trainer leaves it after a run: epochs and steps done, one row per log, callbacks' states as a dict.
state = TrainerState(
    epoch=2.0, global_step=10, max_steps=10, num_train_epochs=2, train_batch_size=8, best_metric=0.75, best_global_step=5,
    log_history=[{"epoch": 1.0, "step": 5, "loss": 0.5, "learning_rate": 5e-5}],
)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "trainer_state.json"
    state.save_to_json(str(path))
    saved = json.loads(path.read_text())
    saved["stateful_callbacks"] = {"Thaw": {"run": {"nested": [1, {"a": None}]}}}
    path.write_text(json.dumps(saved))
    loaded = TrainerState.load_from_json(str(path))
    saved["stages"] = []
    path.write_text(json.dumps(saved))
    try:
        TrainerState.load_from_json(str(path))
        takes_other_keys = True
    except TypeError:
        takes_other_keys = False

write("trainer_state.json", __file__, ("transformers",), {
    "fields": [field.name for field in dataclasses.fields(TrainerState)],
    "saved": dataclasses.asdict(state),
    "stateful_callbacks": loaded.stateful_callbacks,
    "takes_other_keys": takes_other_keys,
})
