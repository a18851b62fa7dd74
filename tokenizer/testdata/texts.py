"""The texts of the comparison with Hugging Face tokenizers: real prose, code and JSON from installed packages, and what
tokenizers get wrong.

    pip install django wagtail sphinx polib          # whose translations are the Catalan and Spanish prose
    python texts.py COUNT > texts.jsonl              # COUNT texts as JSON strings, always the same for the same packages
"""
import json, pathlib, random, sys, sysconfig

SITE = pathlib.Path(sysconfig.get_paths()["purelib"])
STDLIB = pathlib.Path(sysconfig.get_paths()["stdlib"])


def prose():
    """Sentences in Catalan, Spanish and English."""
    import polib
    seen = set()
    for language in ("ca", "es"):
        for file in sorted(SITE.glob(f"**/locale/{language}/LC_MESSAGES/*.po")):
            for entry in polib.pofile(str(file)):
                for s in (entry.msgstr, entry.msgid):
                    if len(s) > 20 and s not in seen:
                        seen.add(s)
                        yield s


def code():
    for file in sorted(STDLIB.glob("*.py"))[:120]:
        text = file.read_text("utf-8", "replace")
        for at in range(0, min(len(text), 20000), 700):
            yield text[at:at + 700]


ODD = ["", " ", "  ", "\n", "\t", "\r\n", "\0", "a\0b", "\x01\x02\x1f\x7f\x80\x9f", "\u00a0", "\u3000", "\u200b", "\u200d", "\ufeff",
       "\ufffd", "\u2028\u2029\u0085", "▁", "▁▁", " ▁ ", "a▁b", "▁a", "a ", " a", "  a  b  ", "\n\n\n", " \n \n ", "a\r\nb\rc\n",
       "<s>", "</s>", "<s>hola</s>", "x<s> y </s>z", "<unk>", "[CLS]", "[SEP] a [MASK] b[PAD]", "<|im_start|>user\nHola<|im_end|>\n",
       "<mask>", " <mask> ", "a<mask>b", "<tok>", " <tok> ", "x<tok>y <tok>", "<TOK>", "Sírbolo", "sirbolo", "<0x41>", "<0x0A><0xE2>",
       "👩‍👩‍👧‍👦", "🇪🇸🇫🇷🇩", "👍🏽👍🏿", "❤️", "1️⃣", "🏴󠁧󠁢󠁣󠁴󠁿", "☃", "😀😃😄", "e\u0301", "e\u0301\u0327", "e\u0327\u0301", "a\u0323\u0307\u0301",
       "\u0301a", "\u0344", "ﬁ ﬃ ﬅ", "①②③ Ⅷ ½", "ĳ ǆ ǅ", "ß ẞ ŉ ǰ İ ı", "ΑΣ ΑΣΑ ς", "K Å Ω", "ａｂｃ１２３", "カタカナ ｶﾀｶﾅ ガ が",
       "漢字かな交じり文。", "中文没有空格的句子", "한국어 조사가", "각 각", "𠀀𪜀", "العَرَبِيَّة ١٢٣", "שָׁלוֹם", "नमस्ते क्षत्रिय", "ไทยไม่มีช่องว่าง", "ქართული",
       "a" * 300, "ab" * 200, " " * 200, "\n" * 100, "!" * 150, "1" * 150, "é" * 150, "x" * 99 + " " + "y" * 100 + " " + "z" * 101,
       "don't I'll we've they're I'm he'd it's DON'T I'LL", "l'energia d'hidrogen s'ha qu'és", "col·laboració", "¿Qué? ¡Sí!", "«això»",
       "3.14 1,234,567.89 12:30 2024-09-30 10%", "a.b.c...", "http://example.org/path?q=1&r=%20#x", "user@example.org", "C++ C# .NET",
       "snake_case camelCase kebab-case", "#!/bin/sh\n\tif [ $1 -eq 0 ]; then\n\t\techo \"ok\"\n\tfi\n",
       '{"doc_type": "projects", "filters": {"programme": "H2020", "year": ">=2019"}, "meta": {"lang": "CA"}}',
       "def f(x):\n    return {\n        'a': [1, 2, 3],\n    }\n", "do not", " do not", "they do not .", "a , b ! c ? d . 's n't",
       "\ud7a3\uac00\uac01\u1100\u1161\u11a8", "\u0e33\u0eb3", "\u0f73\u0f75", "\u1e9b\u0323", "\u212b\u2126", "\u1d15e", "\U0001d15e", "\U0010ffff", "\ue000",
       "\u0378", "\U0001f9ff\U0001fae8", "q̃ p̂", "Ǘ ǘ", "\u1ebf", "Việt Nam", "Tiếng Việt", "\u0130stanbul", "\u0149", "\u2163", "\u3392", "\ufb01",
       "\u1100\u1161", "a\u200db", "x\u0336y", "\u00ad soft\u00adhyphen", "\u061c\u202e", "  \u3000 mixed \u2003 spaces \u00a0"]

ALPHABETS = ["abcdefghij klmnop", "àèéíòóúïüç·l'", "áéíóúñ¿¡ ", "0123456789.,- ", " \t\n\r", "(){}[]<>=+-*/%&|^!~;:'\"#@$_\\?", "▁ a", "<s></s>[CLS]unk|",
             "😀👩‍👧🇪🇸🏽❤️ ", "e\u0301\u0327\u0323a\u0308o", "אבגד הוז", "ابتث جحخ", "漢字仮名交 ", "한국어각", "\0\x01\x7f\x80\u200b\ufeff\ufffd\u2028 a",
             "ΑΒΓαβγς", "АБВабв ", "कखगि्ा", "กขคา", "ＡＢＣａｂｃ", "ßİıŉǰ", "TtHh'’re've"]


def random_text(r):
    parts = []
    for _ in range(r.randint(1, 8)):
        if r.random() < 0.15:
            parts.append(r.choice(ODD))
        elif r.random() < 0.1:
            c = r.randrange(0x110000)
            parts.append(chr(c) if not 0xD800 <= c <= 0xDFFF else "")
        else:
            alphabet = r.choice(ALPHABETS)
            parts.append("".join(r.choice(alphabet) for _ in range(r.randint(1, 12))))
    return r.choice(["", " ", "\n"]).join(parts)


def texts(count):
    r = random.Random(20)
    real = list(prose()) if count > 1000 else list(SENTENCES)
    source = list(code()) if count > 1000 else []
    r.shuffle(real)
    r.shuffle(source)
    out = list(ODD) + list(SENTENCES) + source[:count // 10] + real[:count // 2]
    # the same prose with something in it that should not be there, and several sentences in one text
    while len(out) < count:
        kind = r.random()
        if kind < 0.5:
            out.append(random_text(r))
        elif kind < 0.8:
            s = r.choice(real)
            at = r.randint(0, len(s))
            out.append(s[:at] + r.choice(ODD) + s[at:])
        else:
            out.append(r.choice(["\n", " ", "  "]).join(r.choice(real) for _ in range(r.randint(2, 6))))
    return out[:count]


SENTENCES = """Quins projectes europeus tracten d'hidrogen verd a Catalunya des de 2019?
Busco proyectos sobre energías renovables coordinados por universidades de Barcelona.
How many Horizon 2020 projects on machine learning for health started after 2018?
La investigació en bateries, l'aprenentatge automàtic i la salut pública.
Publicaciones científicas sobre cambio climático y economía circular en España.
Els resultats s'han publicat en col·laboració amb l'Institut d'Estudis Catalans (2021-2024).
El coste total fue de 1.234.567,89 € y se dividió entre 12 socios; ¿cuánto pagó cada uno?
She said: "We don't know yet, but they're going to publish it." It isn't long.
Once upon a time, there was a little girl named Lily. She loved to play outside.""".splitlines()

if __name__ == "__main__":
    for text in texts(int(sys.argv[1])):
        print(json.dumps(text))
