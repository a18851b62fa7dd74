"""Write ../tables.txt: what tokenizers 0.23.3 believes about every code point, found by asking it.

    pip install tokenizers==0.23.3 regex==2026.11.15
    python tables.py > ../tables.txt

The library mixes Unicode versions (normalisation 9.0, categories 8.0 or so, Oniguruma 16.0, the Rust regex and standard
library 16.0 and later), so none of the tables of Go's own unicode package is right for all of its parts. Every set
here is measured through the library's public classes. Only the grapheme classes cannot be measured that way; they come
from the PyPI package regex, which follows the same Unicode version as the Rust crate that the library uses.

A line is "name: ranges"; a range is "start" or "start-end" in hexadecimal, and the start is the distance from the end
of the range before it. The maps "lower" and "scripts" carry "=value" after each range.
"""
import regex
from tokenizers import Regex, normalizers as N, pre_tokenizers as P

CHARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def ranges(points):
    """Sorted code points -> [(first, last)]; the surrogates, which no string holds, do not interrupt a range."""
    out = []
    for p in points:
        if out and (out[-1][1] == p - 1 or out[-1][1] == 0xD7FF and p == 0xE000):
            out[-1][1] = p
        else:
            out.append([p, p])
    return out


def write(name, rows):
    words, end = [], 0
    for row in rows:
        first, last = row[0], row[1]
        word = f"{first - end:x}" + (f"-{last - first:x}" if last > first else "") + (f"={row[2]}" if len(row) > 2 else "")
        words.append(word)
        end = last
    print(f"{name}: {' '.join(words)}")


def where(test):
    return ranges([c for c in CHARS if test(chr(c))])


def between(normalizer):
    return lambda c: normalizer.normalize_str("a" + c + "b")[1:-1]


# --- the library's own normalizers and pre-tokenizers ---------------------------------------------------------------
clean = between(N.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False))
write("bert_removed", where(lambda c: clean(c) == ""))
bare = between(N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False))
write("nonspacing", where(lambda c: bare(c) == ""))
accents = between(N.StripAccents())
write("combining", where(lambda c: accents(c) == ""))
punct = P.Punctuation("removed")
write("punctuation", where(lambda c: len(punct.pre_tokenize_str("a" + c + "b")) == 2))
digits = P.Digits()
write("numeric", where(lambda c: len(digits.pre_tokenize_str("a" + c + "b")) == 3))
words = P.Whitespace()
write("rust_word", where(lambda c: len(words.pre_tokenize_str("a" + c + "b")) == 1))

# Decompositions are those of golang.org/x/text for the characters that the library's Unicode 9.0 tables touch at all.
nfkd = N.NFKD()
nfd = N.NFD()
def has_class(c):  # a combining class shows by the reordering with one of two marks of other classes
    return any(nfd.normalize_str(c + m) != nfd.normalize_str(c) + m or nfd.normalize_str(m + c) != m + nfd.normalize_str(c)
               for m in "\u0334\u0345")
write("normalized", where(lambda c: nfkd.normalize_str(c) != c or has_class(c)))

lower = N.Lowercase()
rows = []
for c in CHARS:
    low = lower.normalize_str(chr(c))
    if low == chr(c):
        continue
    if len(low) > 1:
        rows.append([c, c, "+".join(f"{ord(x):x}" for x in low)])
        continue
    delta = ord(low) - c
    if rows and rows[-1][2] == delta and rows[-1][1] == c - 1:
        rows[-1][1] = c
    else:
        rows.append([c, c, delta])
write("lower", rows)

# --- the script splitter: runs between its cuts, then runs of one script joined under one number ----------------------
scripts = P.UnicodeScripts()
def same(a, b):
    return len(scripts.pre_tokenize_str(a + b)) == 1
neutral = [c for c in CHARS if same("a" + chr(c), "я") is False and same("a", chr(c)) and same("я", chr(c))]
neutral_set = set(neutral)
runs, representatives = [], []
for c in CHARS:
    if c in neutral_set:
        continue
    if runs and runs[-1][1] == c - 1 and same(chr(runs[-1][0]), chr(c)):
        runs[-1][1] = c
        continue
    for number, r in enumerate(representatives):
        if same(r, chr(c)):
            break
    else:
        number = len(representatives)
        representatives.append(chr(c))
    runs.append([c, c, number + 1])
write("scripts", sorted(runs))

# --- Oniguruma's properties and character types ---------------------------------------------------------------------
def oniguruma(pattern):
    cut = P.Split(Regex(pattern), "removed", invert=True)
    points = []
    for at in range(0, len(CHARS), 8192):
        block = CHARS[at:at + 8192]
        for _, (start, end) in cut.pre_tokenize_str("".join(map(chr, block))):
            points += block[start:end]
    return ranges(points)

for name in ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co "
             "Alphabetic Lowercase Uppercase White_Space Ideographic ID_Start ID_Continue XID_Start XID_Continue "
             "Emoji Emoji_Presentation Emoji_Modifier Emoji_Modifier_Base Emoji_Component Extended_Pictographic").split():
    write(f"onig {name.lower().replace('_', '')}", oniguruma(rf"\p{{{name}}}+"))
for name in "alnum alpha blank cntrl digit graph lower print punct space upper xdigit word".split():
    write(f"onig posix{name}", oniguruma(rf"[[:{name}:]]+"))
for letter in "swdh":
    write(f"onig type{letter}", oniguruma(rf"\{letter}+"))
SCRIPTS = """Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo
Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common Coptic Cuneiform Cypriot
Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati
Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Javanese Kaithi Kannada Katakana Kayah_Li
Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic
Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar
Nabataean New_Tai_Lue Newa Nko Nushu Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian
Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang
Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog
Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Wancho
Warang_Citi Yi""".split()
for name in SCRIPTS:
    write(f"onig {name.lower().replace('_', '')}", oniguruma(rf"\p{{{name}}}+"))

# --- grapheme clusters ----------------------------------------------------------------------------------------------
for name, pattern in [(n, rf"\p{{GCB={n}}}") for n in "Control Extend Prepend SpacingMark L V T LV LVT Regional_Indicator ZWJ".split()] + \
        [("Linker", r"\p{InCB=Linker}"), ("Consonant", r"\p{InCB=Consonant}"), ("InCBExtend", r"\p{InCB=Extend}"),
         ("Pictographic", r"\p{Extended_Pictographic}")]:
    one = regex.compile(pattern)
    write(f"grapheme {name.lower().replace('_', '')}", where(lambda c: one.match(c)))
