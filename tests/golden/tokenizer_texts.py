"""Texts for the tokenizers: written for this project, and strings drawn from all over Unicode by a generator without a library."""

NATURAL = """The lighthouse keeper counted the ships again, and again one was missing.
Rain had been falling since Tuesday; nobody in the village talked about anything else.
I didn't expect the soup to be good, but it was wonderful!
"Where did you leave the keys?" she asked. "Under the third flowerpot," he said.
The train leaves at 7:45 a.m. from platform 12, not platform 2.
Our new microscope cost $1,299.99, plus 19% tax.
He re-read the letter, folded it twice, and put it into his well-worn coat.
Three of the five experiments failed; the other two weren't even started.
What a boring, pointless, badly acted film.
An unforgettable evening: funny, sad and honest at the same time.
The bridge is 1.2 km long and carries about 40,000 cars a day.
Please don't feed the ducks... they're on a diet.
Dr. O'Connor's half-finished manuscript ("The Glass Garden") was found in 1987.
My grandmother's recipe calls for ½ cup of sugar, 3 eggs & a pinch of salt.
Unbelievable: the disestablished committee reconvened uncontroversially.
In the evening the children ran down to the river and threw stones at the moon.
Machine learning is the art of fitting functions to data without being fooled.
THE SIGN SAID: NO SWIMMING AFTER DARK!!!
An email to someone@example.org bounced; see https://example.org/help?id=42#top.
The quick notes: a) buy milk b) call Zoë c) sleep.
Der Müller mahlt das Korn, während draußen der Sturm über die Felder fegt.
Größere Straßen brauchen größere Brücken, sagte die Bürgermeisterin.
Le garçon a mangé une crêpe à côté de l'église, où il pleuvait déjà.
Ça va être difficile, mais nous y arriverons peut-être aujourd'hui.
L'été dernier, j'ai vu l'œuvre du peintre au musée de Nîmes.
El niño soñó con un pingüino que tocaba la guitarra. ¿Por qué? ¡Quién sabe!
Ο γέρος ψαράς έφτιαχνε τα δίχτυα του κάτω από τη μεγάλη ελιά.
Старый мост скрипел, когда по нему проезжала телега с сеном.
Ёжик нашёл в траве яблоко и унёс его домой.
春の雨が静かに降っている。猫は窓辺で眠っていた。
我昨天在图书馆借了三本书,今天已经读完了一本。
오늘은 날씨가 좋아서 공원에서 책을 읽었다.
שלום, מה שלומך היום? הספר על השולחן.
كان البحر هادئا في ذلك الصباح، والقوارب تعود ببطء.
आज मौसम अच्छा है, चलो नदी के किनारे चलते हैं।
วันนี้อากาศดีมาก เราไปเดินเล่นกันเถอะ
Kahvaltıda iki dilim ekmek ve biraz IŞIK istedi İlkay.
Trăng lên cao, gió thổi nhẹ qua cánh đồng lúa.
Zażółć gęślą jaźń, powiedział żółw do wiewiórki.
Příliš žluťoučký kůň úpěl ďábelské ódy celou noc.""".splitlines()

ODD = [
    "", " ", "  ", "\n", "\t \n", "a", "A", ".", "...", "!?", "''", "``", "``quoted'' text", "don''t", "  leading and trailing  ",
    "two  spaces   three", "tab\tand\nnewline\r\nand return\r", "non\u00a0breaking\u2003em\u3000wide", "zero\u200bwidth\u200djoin\ufeffer",
    "control\u0000\u0001\u001f\u007f\u0085chars", "soft\u00adhyphen", "line\u2028para\u2029graph", "e\u0301 a\u0308 n\u0303 o\u031b\u0323",
    "é ä ñ ợ", "ﬁne ﬂow ﬀ ŀ ǆ", "Ⅷ ⅓ ² ₂ ™ ℃ ㎏", "ＦＵＬＬ　ｗｉｄｔｈ １２３", "ｶﾞｷﾞ ﾊﾟ", "İstanbul ıssız ſtraße ẞ",
    "Ω Å K", "😀 smile 👩‍👩‍👧‍👦 family 🇩🇪 flag 👍🏽", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛", "𠀀𠀁 ideographs", "\U0010ffff \ue000 \ufffd", "mixed中文text",
    "[CLS] and [SEP] and [MASK] [PAD] [UNK]", "<s> and </s> and <mask> <pad> <unk>", "<sep> <cls> <eop> <eod>", "a[MASK]b <mask>c", "[cls] [ SEP ]",
    "<s>NOTUSED </s>NOTUSED <unk>NOTUSED", "▁ ▁▁ the ▁lighthouse", "Ġ Ċ ĠThe", "##ing ##s", "x" * 101, "x" * 100, "ab" * 80, "é" * 60, "中" * 40,
    "." * 40, "1" * 30, "word " * 60, "don't can't we've they'll I'm he'd it's 'tis", "re-re-read--it", "$5 5% #5 @5 *5* _5_ ~5~ ^5",
    "C:\\path\\file.txt /usr/lib", "{\"json\": [1, 2.5e-3, null]}", "<b>bold</b> &amp; <br/>", "1,2 3,4 ,5, 6,", "A.B.C. e.g. i.e.", "Z͑ͫ̓ͪ̂A̴̵̜̰L̠ͨG̴̻Ǫ̵̹",
    "مُحَمَّد שָׁלוֹם नमस्ते", "ʼn ŉ ΐ ᾳ", "－－ ‐ ‑ – — ―", "‘a’ “b” „c‟ «d»", "x²+y³=z₄ ∀x∈ℝ", "~ ` ^ ´ ¨ ¸",
]

RANGES = [
    (0x20, 0x7F), (0x20, 0x7F), (0x61, 0x7B), (0xA0, 0x250), (0x300, 0x320), (0x370, 0x400), (0x400, 0x460), (0x5D0, 0x5EB), (0x621, 0x660),
    (0x904, 0x940), (0xE01, 0xE3A), (0x1100, 0x1110), (0x1E00, 0x1F00), (0x2000, 0x2070), (0x2100, 0x2150), (0x3040, 0x30FF), (0x4E00, 0x4E40),
    (0xAC00, 0xAC40), (0xFB00, 0xFB07), (0xFF01, 0xFF60), (0x1F600, 0x1F640), (0x20000, 0x20010),
]


class Random:
    """A linear congruential generator: the same on every machine."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, n: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n


def generated(count: int, seed: int) -> list[str]:
    """Half of them natural words shuffled and cut, half characters from anywhere."""
    random = Random(seed)
    words = [word for line in NATURAL for word in line.split()] + [text for text in ODD if 0 < len(text) < 12]
    texts = []
    for number in range(count):
        if number % 2 == 0:
            parts = [words[random.below(len(words))] for _ in range(1 + random.below(14))]
            text = " ".join(part[: 1 + random.below(len(part))] if random.below(4) == 0 else part for part in parts)
            text = text.upper() if random.below(9) == 0 else text
        else:
            text = ""
            for _ in range(1 + random.below(40)):
                low, high = RANGES[random.below(len(RANGES))]
                text += " " if random.below(6) == 0 else chr(low + random.below(high - low))
        texts.append(text)
    return texts
