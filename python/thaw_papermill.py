"""papermill's parameters as TypeScript, for notebooks of the Thaw kernel.

papermill looks translators up by kernel name, then by language, in a table of its own that other packages fill. It loads
its "engines" through entry points when it is imported; this module is one, and fills the table as it is loaded.
"""

import json
import math
import re

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

# `let epochs: number = 3; // how long`, as papermill's --help-notebook shows it
_DECLARATION = re.compile(
    r"^\s*(?:export\s+)?(?:const|let|var)\s+(?P<name>[A-Za-z_$][\w$]*)\s*(?::\s*(?P<type>[^=]+?))?\s*="
    r"\s*(?P<value>.*?)\s*;?\s*(?://\s*(?P<help>.*))?$"
)


_LARGEST = 2**53 - 1


def _key(key):
    text = json.dumps(str(key))
    return f"[{text}]" if text == '"__proto__"' else text  # in a literal it would be no property


class ThawTranslator(Translator):
    """Writes the cell that `thaw run` writes: variables, and what `params({ ... })` will find."""

    @classmethod
    def translate_str(cls, val):
        return json.dumps(val)

    @classmethod
    def translate_int(cls, val):
        if abs(val) > _LARGEST:
            raise ValueError(
                f"{val} is no number that JavaScript can hold exactly (whole ones reach to {_LARGEST}). "
                f'Give it as text: -r NAME {val}, or "{val}". A notebook whose default is a bigint, such as '
                "params({ id: 0n }), takes it exactly."
            )
        return str(val)

    @classmethod
    def translate_none(cls, val):
        return "null"

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "NaN"
        if math.isinf(val):
            return "Infinity" if val > 0 else "-Infinity"
        return repr(val)

    @classmethod
    def translate_dict(cls, val):
        return "{ " + ", ".join(f"{_key(key)}: {cls.translate(each)}" for key, each in val.items()) + " }"

    @classmethod
    def translate_list(cls, val):
        return "[" + ", ".join(cls.translate(each) for each in val) + "]"

    @classmethod
    def translate_escaped_str(cls, str_val):
        return json.dumps(str(str_val))

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        code = super().codify(parameters, comment)
        return f"{code}params.inject({{ {', '.join(parameters)} }});\n"

    @classmethod
    def inspect(cls, parameters_cell):
        found = []
        for line in parameters_cell["source"].splitlines():
            match = _DECLARATION.match(line)
            if match is not None:
                found.append(
                    Parameter(
                        name=match["name"],
                        inferred_type_name=(match["type"] or "None").strip(),
                        default=match["value"],
                        help=(match["help"] or "").strip(),
                    )
                )
        return found


class ThawEngine(NBClientEngine):
    """papermill's own engine: a name to be loaded by."""


papermill_translators.register("thaw", ThawTranslator)
papermill_translators.register("typescript", ThawTranslator)
