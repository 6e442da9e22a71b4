#!/usr/bin/env python3
"""Whether rondo's tokenizers give what Hugging Face tokenizers gives: ids, offsets, decoded text.

    pip install tokenizers
    python3 tests/scripts/tokenizers_agree.py build/release/bin/corpus [--golden tests/data/tokenizer_parts.jsonl]
    python3 tests/scripts/tokenizers_agree.py build/release/bin/corpus --tokenizers FOLDER/*/tokenizer.json

Small tokenizers with every part that rondo reads, over texts made to be difficult; or any files. With --golden the answers for a
few of the texts are written as the file that the test tokenizer_parts compares with. Exit status 1 where anything differs.
"""
import argparse
import base64
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer, __version__

FIXED = [
    "", " ", "  ", "\n", "a", " a", "a ", "  two  spaces  ", "The quick brown fox can't jump over 1234567 lazy dogs.",
    "I'll you've IT'S we're 'tis don’t", "tab\there\r\nnew line\n\n\nthree", "Ünïcödé naïve Ǆ ǅ İstanbul ΑΣ ς ﬁ ½ ²",
    "e\u0301 a\u0308\u0323 o\u0323\u0308 \u0301x", "न\u093fहिन्दी नमस्ते ก\u0e33 ไทย", "中文字符，测试。日本語テスト 한국어 한글",
    "👩\u200d👩\u200d👧 👍🏽 🇩🇪 ☺\ufe0f", "שלום עולם مرحبا بالعالم \u200fx\u200e", "nul\0in\0side \x01\x1f\x7f\x85\u2028",
    "\u00a0\u2003\u3000wide\u200bzero\u180e\ufeff", "a" * 150, " " * 40 + "x", "ab" * 70 + " " + "!?" * 40, "x_y-z a.b,c;d (e) [f]",
    "<s>a</s> <mask> b<mask>\n<pad>", "foo foobar foo. foo\u0301 _foo 9foo \u093ffoo", "NAME Name name NAMES", "▁a▁▁b ▁ c_",
    "do not do n't it 's a test . ! , ' x", "ﷺ ㍿ ＡＢＣ１２３ ｶﾞ 각 \u1100\u1161\u11a8", "\u0130\u0130 \u1e9e ẞß ŉ \u01f0", "<0x41> <unk> [UNK] ##a a</w>",
    "1.5e10 ٣٤٥ ⅷ 10²", "\ud7ff\ue000\U0010ffff\ufffd", "q\u0303\u0303\u0303\u0303 \u0e33\u0e33", "A\nB c\tD <a> \n e", "‿a‿ b\u203fc ⓐⓑ",
]
ALPHABET = ["a", "b", "c", "the", "ing", "A", "Z", " ", " ", " ", "  ", "\n", "\t", "\r\n", "1", "23", "½", "'", "'s", "'LL", ".", "!", "-", "_", "é", "e\u0301", "ü",
            "\u0308", "\u0323", "中", "文", "。", "ぁ", "한", "न", "\u093f", "्", "ש", "م", "\u200d", "👩", "👍", "🏽", "\u00a0", "\u3000", "\u2028", "\u200b", "\0",
            "▁", "##", "</w>", "<s>", "</s>", "<mask>", "foo", "NAME", "ß", "İ", "ﬁ", "Σ", "Å", "①", "＂", "‿", "<0x41>", "ｶ", "ﾞ", "\u1100", "\u1161", "\u11a8"]


def texts(count, seed):
    draw = random.Random(seed)
    return FIXED + ["".join(draw.choice(ALPHABET) for _ in range(draw.randrange(1, 24))) for _ in range(count)]


def byte_characters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


def added(content, token_id, special=False, normalized=None, single_word=False, lstrip=False, rstrip=False):
    return {"id": token_id, "content": content, "single_word": single_word, "lstrip": lstrip, "rstrip": rstrip,
            "normalized": not special if normalized is None else normalized, "special": special}


def document(model, **parts):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
            "post_processor": None, "decoder": None, **parts, "model": model}


def sequence(member, *parts):
    return {"type": "Sequence", member: list(parts)}


def numbered(tokens):
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


LETTERS = list("abcdefghijklmnopqrstuvwxyzABN0123456789.,!?'_-()") + ["é", "ü", "\u0301", "中", "文", "한", "न", "्", "ß", "ا", "م"]
PIECES = ["the", "th", "he", "in", "ing", "an", "ab", "abab", "foo", "oo", "two", "space", "spaces", "test", "中文", "can", "'t", "12", "123"]
MERGES = [("t", "h"), ("th", "e"), ("h", "e"), ("i", "n"), ("in", "g"), ("a", "b"), ("ab", "ab"), ("o", "o"), ("f", "oo"), ("a", "n"), ("1", "2"), ("中", "文")]


def bpe(**options):
    vocabulary = numbered(["<unk>", "<s>", "</s>"] + LETTERS + ["▁"] + [a + b for a, b in MERGES] + ["▁the", "▁a"])
    merges = [list(pair) for pair in MERGES] + [["▁", "the"], ["▁", "a"]]
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
            "byte_fallback": False, "ignore_merges": False, "vocab": vocabulary, "merges": merges, **options}


def byte_bpe(**options):
    alphabet = list(byte_characters().values())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "n"), ("in", "g"), ("Ġ", "a"), ("Ã", "©"), ("1", "2"), ("Ġ", "Ġ"), ("Ċ", "Ċ")]
    vocabulary = numbered(["<s>", "</s>", "<mask>"] + alphabet + [a + b for a, b in merges])
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
            "byte_fallback": False, "ignore_merges": False, "vocab": vocabulary, "merges": [list(pair) for pair in merges], **options}


def suffix_bpe():
    letters = LETTERS + [letter + "</w>" for letter in LETTERS]
    merges = [("t", "h"), ("th", "e</w>"), ("i", "n"), ("in", "g</w>"), ("o", "o</w>"), ("f", "oo</w>")]
    return bpe(end_of_word_suffix="</w>", vocab=numbered(["<unk>"] + letters + [a + b for a, b in merges]), merges=[list(pair) for pair in merges])


def prefix_bpe():
    letters = LETTERS + ["##" + letter for letter in LETTERS]
    merges = [("t", "##h"), ("th", "##e"), ("##i", "##n"), ("##in", "##g"), ("a", "##b")]
    joined = [a + b.removeprefix("##") for a, b in merges]
    return bpe(continuing_subword_prefix="##", vocab=numbered(["<unk>"] + letters + joined), merges=[list(pair) for pair in merges])


def word_pieces(**options):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + LETTERS + PIECES + ["##" + piece for piece in LETTERS + PIECES]
    return {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": numbered(tokens), **options}


def word_level():
    return {"type": "WordLevel", "unk_token": "<unk>", "vocab": numbered(["<unk>", "a", "the", "foo", ",", ".", "中", "12", "two", "spaces", "x", "▁a", "\u0301"])}


def unigram(fallback=False, unknown=0, bytes_known=True):
    draw = random.Random(5)
    tokens = ["<unk>", "<s>", "</s>", "▁"] + LETTERS + PIECES + ["▁" + piece for piece in PIECES + ["a", "x"]]
    if bytes_known:
        tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    return {"type": "Unigram", "unk_id": unknown, "vocab": [[token, 0.0 if i == 0 else round(-1 - 9 * draw.random() / len(token), 3)] for i, token in enumerate(numbered(tokens))],
            "byte_fallback": fallback}


def charsmap(replacements):
    """SentencePiece's table: a double array of the keys, and the texts they become."""
    texts_of, blob = {}, b""
    for key, text in replacements.items():
        texts_of[key.encode()] = len(blob)
        blob += text.encode() + b"\0"
    children = {}
    for key in texts_of:
        for i in range(len(key)):
            children.setdefault(key[:i], set()).add(key[i])
    units, used, bases = {0: 0}, {0}, set()

    def place(prefix, node):
        labels = sorted(children.get(prefix, ()))
        ends = prefix in texts_of
        base = 1
        while base in bases or (base ^ node) >= 1 << 21 or any((base ^ b) in used for b in labels + ([0] if ends else [])):
            base += 1
        bases.add(base)
        used.update(base ^ b for b in labels + ([0] if ends else []))
        units[node] = units[node] | (base ^ node) << 10 | ends << 8
        if ends:
            units[base] = 1 << 31 | texts_of[prefix]
        for b in labels:
            units[base ^ b] = b
        for b in labels:
            place(prefix + bytes([b]), base ^ b)

    place(b"", 0)
    size = (max(units) | 255) + 1
    trie = b"".join(units.get(i, 1 << 31 | 0xFE).to_bytes(4, "little") for i in range(size))
    return base64.b64encode(len(trie).to_bytes(4, "little") + trie + blob).decode()


TABLE = charsmap({"\u00a0": " ", "\u3000": " ", "ﬁ": "fi", "½": "1⁄2", "e\u0301": "é", "①": "1", "\u200b": "", "\t": " ", "\n": " ", "Å": "Å", "ｶﾞ": "ガ", "㍿": "株式会社",
                  "\0": "", "²": "2", "＂": '"'})
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
GPT4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern if isinstance(pattern, dict) else {"Regex": pattern}, "behavior": behavior, "invert": invert}


def bert_normalizer(clean=True, chinese=True, accents=None, lowercase=True):
    return {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lowercase}


def template(before, after):
    special = {name: {"id": name, "ids": [i], "tokens": [name]} for name, i in before + after}
    pieces = [{"SpecialToken": {"id": name, "type_id": 0}} for name, _ in before] + [{"Sequence": {"id": "A", "type_id": 0}}]
    pieces += [{"SpecialToken": {"id": name, "type_id": 0}} for name, _ in after]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pieces + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": special}


def tokenizers():
    normalizers = {
        "lower": {"type": "Lowercase"}, "nfc": {"type": "NFC"}, "nfd": {"type": "NFD"}, "nfkc": {"type": "NFKC"}, "nfkd": {"type": "NFKD"},
        "strip": {"type": "Strip", "strip_left": True, "strip_right": True}, "strip left": {"type": "Strip", "strip_left": True, "strip_right": False},
        "strip accents": sequence("normalizers", {"type": "NFD"}, {"type": "StripAccents"}), "accents alone": {"type": "StripAccents"}, "nmt": {"type": "Nmt"},
        "bytes": {"type": "ByteLevel"}, "prepend": {"type": "Prepend", "prepend": "▁▁"}, "replace": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "replace pattern": {"type": "Replace", "pattern": {"Regex": r"\s+|b*"}, "content": "-"}, "replace nothing": {"type": "Replace", "pattern": {"String": ""}, "content": "x"},
        "bert": bert_normalizer(), "bert cased": bert_normalizer(lowercase=False), "bert accents": bert_normalizer(accents=False), "bert clean": bert_normalizer(True, False, False, False),
        "bert chinese": bert_normalizer(False, True, False, False), "bert strip": bert_normalizer(False, False, True, False),
        "precompiled": {"type": "Precompiled", "precompiled_charsmap": TABLE},
        "albert": sequence("normalizers", {"type": "Replace", "pattern": {"String": "``"}, "content": '"'}, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
                           {"type": "Precompiled", "precompiled_charsmap": TABLE}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}),
        "clip": sequence("normalizers", {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}),
    }
    pre_tokenizers = {
        "whitespace": {"type": "Whitespace"}, "whitespace split": {"type": "WhitespaceSplit"}, "bert": {"type": "BertPreTokenizer"}, "byte level": BYTE_LEVEL,
        "byte level prefix": {**BYTE_LEVEL, "add_prefix_space": True}, "byte level whole": {**BYTE_LEVEL, "use_regex": False},
        "digits": {"type": "Digits", "individual_digits": False}, "digit": {"type": "Digits", "individual_digits": True},
        "scripts": {"type": "UnicodeScripts"}, "delimiter": {"type": "CharDelimiterSplit", "delimiter": "a"}, "fixed": {"type": "FixedLength", "length": 3},
        **{f"punctuation {behavior}": {"type": "Punctuation", "behavior": behavior} for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")},
        **{f"split {behavior} {invert}": split(r"\s|a+|(?=\d)", behavior, invert) for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous") for invert in (False, True)},
        "split text": split({"String": "a"}), "split nothing": split({"String": ""}), "split gpt4": split(GPT4), "split gpt4 inverted": split(GPT4, "Removed", True),
        **{f"metaspace {scheme} {cut}": {**METASPACE, "prepend_scheme": scheme, "split": cut} for scheme in ("always", "first", "never") for cut in (True, False)},
        "metaspace after": sequence("pretokenizers", {"type": "WhitespaceSplit"}, {**METASPACE, "prepend_scheme": "first"}),
        "metaspace last": sequence("pretokenizers", {"type": "WhitespaceSplit"}, METASPACE),
        "metaspace twice": sequence("pretokenizers", METASPACE, {**METASPACE, "replacement": "_", "prepend_scheme": "first"}),
        "bytes twice": sequence("pretokenizers", {**BYTE_LEVEL, "add_prefix_space": True}, {**BYTE_LEVEL, "add_prefix_space": True}),
        "bytes amid": sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, {**BYTE_LEVEL, "add_prefix_space": True}, {"type": "Punctuation", "behavior": "Isolated"}),
        "falcon": sequence("pretokenizers", {"type": "Punctuation", "behavior": "Contiguous"}, BYTE_LEVEL, {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]")),
        "llama 3": sequence("pretokenizers", split(GPT4), {**BYTE_LEVEL, "use_regex": False}),
    }
    for name, part in normalizers.items():
        yield f"normalizer {name}", document(bpe(), normalizer=part, pre_tokenizer={"type": "WhitespaceSplit"}, added_tokens=[added("foo", 90), added("NAME", 91, single_word=True)])
        yield f"normalizer {name} in words", document(unigram(True), normalizer=part, pre_tokenizer={**METASPACE, "prepend_scheme": "first"}, decoder=METASPACE)
    for name, part in pre_tokenizers.items():
        yield f"pre-tokenizer {name}", document(bpe(fuse_unk=True), pre_tokenizer=part, added_tokens=[added("<mask>", 90, True, lstrip=True)])
        yield f"pre-tokenizer {name} after lower case", document(unigram(True), pre_tokenizer=part, normalizer=sequence("normalizers", {"type": "NFD"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": True, "strip_right": False}))
    models = {"bpe": bpe(), "bpe fused": bpe(fuse_unk=True), "bpe none": bpe(unk_token=None), "bpe whole": bpe(ignore_merges=True), "suffix": suffix_bpe(), "prefix": prefix_bpe(),
              "word pieces": word_pieces(), "short word pieces": word_pieces(max_input_chars_per_word=5), "no prefix": word_pieces(continuing_subword_prefix=""), "words": word_level(),
              "unigram": unigram(), "unigram bytes": unigram(True), "unigram no bytes": unigram(True, bytes_known=False), "unigram other unknown": unigram(False, 5)}
    decoders = {"bpe": None, "bpe fused": {"type": "Fuse"}, "bpe none": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}, "bpe whole": {"type": "CTC", "pad_token": "a", "word_delimiter_token": "t", "cleanup": True},
                "suffix": {"type": "BPEDecoder", "suffix": "</w>"}, "prefix": {"type": "WordPiece", "prefix": "##", "cleanup": False}, "word pieces": {"type": "WordPiece", "prefix": "##", "cleanup": True},
                "short word pieces": {"type": "WordPiece", "prefix": "##", "cleanup": True}, "no prefix": {"type": "CTC", "pad_token": "<unk>", "word_delimiter_token": "▁", "cleanup": False}, "words": {"type": "WordPiece", "prefix": "", "cleanup": True},
                "unigram": {**METASPACE, "prepend_scheme": "never"}, "unigram bytes": sequence("decoders", {"type": "ByteFallback"}, METASPACE), "unigram no bytes": METASPACE,
                "unigram other unknown": sequence("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})}
    for name, model in models.items():
        for pre in ("whitespace", "bert", "metaspace always True", "metaspace first False"):
            yield f"model {name}, {pre}", document(model, pre_tokenizer=pre_tokenizers[pre], decoder=decoders[name])
        yield f"model {name} alone", document(model)
    tokens = [added("<s>", 0, True), added("</s>", 1, True, rstrip=True), added("<mask>", 2, True, lstrip=True, rstrip=True), added("foo", 300, single_word=True), added("NAME", 301),
              added("name", 302, normalized=False), added("\n", 303, normalized=False, rstrip=True), added("  ", 304, normalized=False), added(" x", 305, lstrip=True), added("b <", 306, normalized=False),
              added("é", 307), added("👍", 308, single_word=True, normalized=False), added("中文", 309, rstrip=True), added("NAMES", 310, single_word=True)]
    for name, part in {"none": None, "lower": {"type": "Lowercase"}, "nfd": {"type": "NFD"}, "bert": bert_normalizer()}.items():
        yield f"added tokens, {name}", document(byte_bpe(), added_tokens=tokens, normalizer=part, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL)
    for name, post in {"bert": {"type": "BertProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]},
                       "roberta": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": True},
                       "roberta plain": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": False, "add_prefix_space": False},
                       "template": template([("<s>", 0)], [("</s>", 1), ("<mask>", 2)]),
                       "bytes": {**BYTE_LEVEL, "add_prefix_space": True}, "both": sequence("processors", BYTE_LEVEL, template([("<s>", 0)], []))}.items():
        for prefix in (True, False):
            yield f"post-processor {name}, prefix {prefix}", document(byte_bpe(), post_processor=post, pre_tokenizer={**BYTE_LEVEL, "add_prefix_space": prefix}, decoder=BYTE_LEVEL,
                                                                      added_tokens=[added("<s>", 0, True), added("</s>", 1, True), added("<mask>", 2, True, lstrip=True)])
    yield "bert", document(word_pieces(), normalizer=bert_normalizer(), pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
                           post_processor=template([("[CLS]", 2)], [("[SEP]", 3)]), added_tokens=[added(token, i, True) for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])],
                           truncation={"direction": "Right", "max_length": 512, "strategy": "LongestFirst", "stride": 0}, padding={"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"})
    yield "xlm-roberta", document(unigram(), normalizer={"type": "Precompiled", "precompiled_charsmap": TABLE}, pre_tokenizer=sequence("pretokenizers", {"type": "WhitespaceSplit"}, METASPACE), decoder=METASPACE,
                                  post_processor=template([("<s>", 1)], [("</s>", 2)]), added_tokens=[added("<s>", 1, True), added("</s>", 2, True)])


def expected(tokenizer, text, special):
    encoding = tokenizer.encode(text, add_special_tokens=special)
    return {"ids": encoding.ids, "offsets": [list(pair) for pair in encoding.offsets], "decoded": tokenizer.decode(encoding.ids, skip_special_tokens=special)}


def found(corpus, path, lines, special):
    command = [corpus, "tokens", "--tokenizer", str(path), "--jsonl", str(lines)] + (["--special"] if special else [])
    run = subprocess.run(command, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.split("\n") if line] if run.returncode == 0 else run.stderr.strip()


def compare(corpus, name, text, inputs, folder, limit):
    """The number of texts that differ."""
    reference = Tokenizer.from_str(text)
    reference.no_truncation()
    reference.no_padding()
    (folder / "tokenizer.json").write_text(text)
    (folder / "texts.jsonl").write_text("".join(json.dumps({"text": one}) + "\n" for one in inputs))
    differences = 0
    for special in (False, True):
        answers = found(corpus, folder / "tokenizer.json", folder / "texts.jsonl", special)
        if isinstance(answers, str) or len(answers) != len(inputs):
            print(f"{name}: {answers if isinstance(answers, str) else 'lines are missing'}")
            return len(inputs)
        for one, answer in zip(inputs, answers):
            right = expected(reference, one, special)
            if right == answer:
                continue
            differences += 1
            if differences <= limit:
                wrong = [key for key in right if right[key] != answer[key]]
                print(f"{name}, special {special}, {ascii(one)}: {wrong}")
                for key in wrong:
                    print(f"    expected {ascii(right[key])}\n    found    {ascii(answer[key])}")
    return differences


def golden(documents, inputs):
    """Answers for a few short texts of each tokenizer, a line each; models that several of them have come first."""
    models, cases = [], []
    short = [one for one in inputs if 0 < len(one) <= 32]
    for name, text in documents:
        if name.endswith((" in words", " after lower case")):
            continue
        reference = Tokenizer.from_str(text)
        reference.no_truncation()
        reference.no_padding()
        one = json.loads(text)
        model = json.dumps(one.pop("model"), separators=(",", ":"))
        if model not in models:
            models.append(model)
        parts = {key: part for key, part in one.items() if part}
        answers = [{"text": chosen, "plain": expected(reference, chosen, False), "special": expected(reference, chosen, True)}
                   for chosen in random.Random(name).sample(short, 2)]
        for answer in answers:
            if answer["plain"] == answer["special"]:
                del answer["special"]
        cases.append(json.dumps({"name": name, "model": models.index(model), "parts": parts, "texts": answers}, separators=(",", ":")))
    return "".join(line + "\n" for line in [f"[{','.join(models)}]", *cases])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", help="the program `corpus`")
    options.add_argument("--tokenizers", nargs="*", default=[], help="tokenizer.json files to compare instead of the small ones")
    options.add_argument("--texts", type=int, default=300, help="random texts for each tokenizer")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="only tokenizers whose name holds this")
    options.add_argument("--show", type=int, default=2, help="differences to show for each tokenizer")
    options.add_argument("--golden", help="write a file of expectations")
    given = options.parse_args()
    documents = [(path, pathlib.Path(path).read_text()) for path in given.tokenizers] or [(name, json.dumps(one)) for name, one in tokenizers()]
    documents = [one for one in documents if given.only in one[0]]
    inputs = texts(given.texts, given.seed)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in documents:
            differences = compare(given.corpus, name, text, inputs, pathlib.Path(folder), given.show)
            failed += differences > 0
    if given.golden:
        pathlib.Path(given.golden).write_text(golden(documents, inputs))
    print(f"{len(documents) - failed} of {len(documents)} tokenizers agree with tokenizers {__version__} on {len(inputs)} texts")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
