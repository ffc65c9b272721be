"""Records that Python's csv module reads from 1,500 generated contents and some written by hand; null where it refuses them.

In strict mode, so that text behind a closing quotation mark and a field that is never closed are refused; lines end with
\\n, \\r\\n or \\r, as where a file is opened with newline="". Blank lines are no records.
"""

import csv
import io
import random

from golden_file import write

csv.field_size_limit(1 << 20)
HAND = [
    (",", "text,label\na,x\nb,y\n"),
    (",", "text,label\r\na,x\nb,y\r\n\r\n\nc,z"),
    (",", 'a "loose" mark,x\nanother ",y\n'),
    (",", '"He said ""no""",x\n"two\nlines","a\r\nb"\n"",""\n'),
    (",", 'a, "b"\n'),
    (",", '"a"b,c\n'),
    (",", 'a,"b\nc,d\n'),
    (";", "a;b,c\n;\n;;\n"),
    ("\t", 'a\t"b\tc"\t\n\t\n'),
    ("|", "é|日本|😀\r\u2028|\u00a0|x\n"),
    (",", '"""",""""""\n'),
    (",", "a\rb\r\nc\n\rd"),
    (",", "\ufeffa,b\n"),
]


def records(delimiter: str, content: str) -> list | None:
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return [row for row in rows if row]


def generated(generator: random.Random) -> tuple:
    delimiter = generator.choice([",", ",", ",", ";", "\t", "|"])
    alphabet = ["a", "bc", "é", "😀", " ", ",", ";", "\t", '"', '"', '""', "\n", "\r\n", "\r", delimiter, delimiter, "\n"]
    if generator.random() < 0.6:  # mostly well-formed: fields that a writer has quoted, some of them by need
        field = lambda: "".join(generator.choice(alphabet) for _ in range(generator.randrange(5)))
        quoted = lambda text: '"' + text.replace('"', '""') + '"'
        plain = lambda text: "".join(character for character in text if character not in '"\r\n' + delimiter)
        made = lambda: quoted(field()) if generator.random() < 0.5 else plain(field())
        lines = [delimiter.join(made() for _ in range(generator.randrange(1, 4))) for _ in range(generator.randrange(1, 5))]
        return delimiter, "".join(line + generator.choice(["\n", "\r\n", "\r"]) for line in lines)
    return delimiter, "".join(generator.choice(alphabet) for _ in range(generator.randrange(24)))


generator = random.Random(12)
cases = HAND + [generated(generator) for _ in range(1500)]
write("csv_records.json", __file__, (), {"cases": [[*case, records(*case)] for case in cases]})
