"""Token ids of Hugging Face's tokenizer for the real MiniLM: texts, pairs, cut and padded."""

from golden_file import MINILM, write
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(MINILM)

sentences = [
    "", " ", "\n\t ", "a", "A", "Hello, world!", "The film is unbelievably good.", "don't can't it's 'tis",
    "naïve café résumé Ångström Müller Đặng", "e\u0301 o\u0308 a\u030a n\u0303", "ŁÓDŹ STRASSE straße İstanbul ıssız",
    "Привет, как дела? Ёлка", "Γειά σου Κόσμε ά έ ή", "שָׁלוֹם עולם", "مرحبا بالعالم مُحَمَّد", "नमस्ते दुनिया", "สวัสดีชาวโลก",
    "你好，世界", "東京タワーに行きました。", "がぎぐげご ﾊﾝｶｸ", "안녕하세요 세계", "𠀀𠀁 𪚥", "中文english混合text",
    "😀", "I 💖 this 👩‍👩‍👧‍👦 movie 🇩🇪!", "👍🏽👍🏿", "☃️ ☃ ™ © ½ ²", "\u200b zero\u200bwidth\u200djoiner\ufeff",
    "control\u0000char\u0001\u001f\u007f\u0085", "soft\u00adhyphen", "non\u00a0breaking\u2003space\u3000wide", "line\r\nbreak\u2028para\u2029",
    "tab\tseparated", "[CLS] in [SEP] the [MASK] text [PAD] [UNK]", "[cls] [ SEP ] [sep]", "<s> </s> <mask>",
    "http://example.com/a?b=c&d=%20#x", "user@example.com", "C:\\path\\file.txt", "#hashtag @mention $100 50% 3.14 1,000,000",
    "---___***...!!!???", "“curly” ‘quotes’ – en — em …", "«guillemets» „low“", "x²+y³=z₄", "∀x∈ℝ: x≤∞", "ﬁ ﬂ ligatures Ǆ ǅ",
    "Ａ full width １２３", "ᾳ ῼ Ω Å", "supercalifragilisticexpialidocious", "pneumonoultramicroscopicsilicovolcanoconiosis",
    "a" * 100, "a" * 101, "ab" * 300, "é" * 100, "中" * 50, "!" * 50, "word " * 600, "unaffable unhappiness antidisestablishmentarianism",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\U0010ffff \ue000 \ufffd", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
]
subjects = ["The acting", "A plot", "Its camera work", "Jean-Luc's 2nd film", "The so-called \"comedy\"", "Zoë's début"]
verbs = ["drags", "isn't bad", "rewards patience", "falls flat;", "SHINES!", "re-invents the genre"]
ends = ["", " ... sadly", " (almost 10/10)", " -- oh well.", ", n'est-ce pas?", " at $9.99 a ticket"]
sentences += [f"{s} {v}{ends[(i + j) % 6]}" for i, s in enumerate(subjects) for j, v in enumerate(verbs)]
alphabet = [chr(c) for c in list(range(0x20, 0x7F)) + list(range(0xA0, 0x250)) + list(range(0x300, 0x320)) + list(range(0x370, 0x500))
            + list(range(0x5D0, 0x5EB)) + list(range(0x4E00, 0x4E20)) + list(range(0x2000, 0x2070)) + list(range(0x1F600, 0x1F620)) if c != 0x378 and c != 0x379]
state = 12345
for _ in range(100):  # random text from all over Unicode, by a generator that needs no library
    text = ""
    for _ in range(30):
        state = (state * 1103515245 + 12345) % 2**31
        text += " " if state % 7 == 0 else alphabet[(state >> 8) % len(alphabet)]
    sentences.append(text)

pairs = [
    ["a short one", "and another"], ["", "only the second"], ["only the first", ""], ["", ""],
    ["word " * 40, "b " * 3], ["w " * 3, "words " * 40], ["one " * 30, "two " * 30], ["one " * 31, "two " * 30], ["x", "y " * 200],
]
cases = [{"text": t} for t in sentences]
cases += [{"text": t, "maxLength": n} for t in ["word " * 600, "The film is unbelievably good.", "", "naïve café"] for n in [2, 3, 5, 8, 128, 512]]
cases += [{"text": a, "pair": b} for a, b in pairs]
cases += [{"text": a, "pair": b, "maxLength": n} for a, b in pairs for n in [3, 4, 7, 10, 16, 33, 64]]

for case in cases:
    limit = case.get("maxLength")
    # As batches of one: called with a single text, Python takes an empty second text for none.
    pair = [case["pair"]] if "pair" in case else None
    out = tokenizer([case["text"]], pair, truncation=limit is not None, max_length=limit, return_token_type_ids=True)
    (case["ids"],), (types,) = out["input_ids"], out["token_type_ids"]
    case["secondFrom"] = types.index(1) if 1 in types else None
    assert out["attention_mask"] == [[1] * len(case["ids"])]

batch = ["A text.", "A rather longer text, with café."]
padded = {
    side: dict(tokenizer(batch, padding=True, padding_side=side, return_token_type_ids=True)) for side in ("right", "left")
}
fixed = dict(tokenizer(batch, padding="max_length", truncation=True, max_length=8, return_token_type_ids=True))
decoded = [[ids, tokenizer.decode(ids, skip_special_tokens=True)] for ids in (tokenizer(t)["input_ids"] for t in sentences[5:9])]
write("tokenizer.json", __file__, ("transformers", "tokenizers"), {
    "cases": cases, "batch": batch, "padded": padded, "fixed": fixed, "decoded": decoded,
})
