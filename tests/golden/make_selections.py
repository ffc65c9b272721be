"""Which parameters of every family belong to a normalisation module and which are biases, by PyTorch's modules."""

import torch
from golden_file import write
from make_families import FAMILIES, model_of

NORMS = ("LayerNorm", "RMSNorm")
content = {}
for model_type, family in FAMILIES.items():
    cases = []
    for keys in family.configs:
        model = model_of(model_type, keys, family.dtype)
        norms, biases = [], []
        for module_name, module in model.named_modules():
            for name, parameter in module.named_parameters(recurse=False):
                full = f"{module_name}.{name}"
                if type(module).__name__.endswith(NORMS):
                    norms.append(full)
                # a module's own bias: added to its output or to its query, never multiplied
                if name == "bias" or name.endswith("_bias"):
                    biases.append(full)
        cases.append({"norms": norms, "biases": biases})
    content[model_type] = cases
write("selections.json", __file__, ("torch", "transformers"), content)
