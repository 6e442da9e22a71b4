// Small tokenizers written by hand, for tests of readers.
#pragma once

#include <string>

namespace rondo::test {

// Byte-level, with a prefix space, added tokens of all kinds, RoBERTa's special tokens around a text.
inline const std::string& byte_level_document() {
  static const std::string text = R"({
    "version": "1.0", "truncation": {"max_length": 3}, "padding": null,
    "added_tokens": [
      {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
      {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
      {"id": 2, "content": "<mask>", "single_word": false, "lstrip": true, "rstrip": false, "normalized": false, "special": true},
      {"id": 15, "content": "NAME", "single_word": true, "lstrip": false, "rstrip": true, "normalized": true, "special": false}],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": true, "add_prefix_space": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": "", "end_of_word_suffix": null, "fuse_unk": false,
      "vocab": {"<s>": 0, "</s>": 1, "<mask>": 2, "<unk>": 3, "a": 4, "b": 5, "c": 6, "\u0120": 7, "\u00c3": 8, "\u00a4": 9, "ab": 10, "\u0120ab": 11,
                "bc": 12, "\u00c3\u00a4": 13, "abc": 14},
      "merges": ["a b", "\u0120 ab", "b c", "\u00c3 \u00a4", "ab c"]}})";
  return text;
}

// In SentencePiece's manner: spaces are U+2581, characters outside the vocabulary become bytes, a template around a text.
inline const std::string& fallback_document() {
  static const std::string text = R"({
    "added_tokens": [{"id": 1, "content": "<s>", "special": true, "normalized": false}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, {"type": "NFKC"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\u2581?\\d"}, "behavior": "Isolated", "invert": false},
      {"type": "Digits", "individual_digits": true}]},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
      {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
      "vocab": {"<unk>": 0, "<s>": 1, "\u2581": 2, "a": 3, "\u00e9": 4, "1": 5, "2": 6, "<0xC3>": 7, "<0xB1>": 8, "\u2581a": 9, "aa": 10},
      "merges": [["\u2581", "a"], ["a", "a"]]}})";
  return text;
}

// In BERT's manner.
inline const std::string& word_piece_document() {
  static const std::string text = R"({
    "added_tokens": [{"id": 1, "content": "[CLS]", "special": true, "normalized": false}, {"id": 9, "content": "NAME", "single_word": true}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "BertPreTokenizer"}, {"type": "FixedLength", "length": 9},
      {"type": "Punctuation", "behavior": "MergedWithNext"}]},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
      "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "ab": 4, "##b": 5, "##c": 6, "'": 7, "s": 8}}})";
  return text;
}

// In XLM-RoBERTa's and T5's manner, with a table of replacements.
inline const std::string& unigram_document() {
  static const std::string text = R"({
    "added_tokens": [{"id": 1, "content": "<s>", "special": true, "normalized": false, "rstrip": true}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "StripAccents"},
      {"type": "Precompiled", "precompiled_charsmap": "AAQAAAAEAAD+AACAAwAAgP4AAIAFAACA/gAAgP4AAIAAAACACSkAAP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgIEBAgD+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAICsvAIA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAIC96QIA/gAAgP4AAID+AACA/gAAgMIAAwD+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAIDvrAMA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAID+AACA/gAAgP4AAIBmaQAgADEyAA=="}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
      {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": true}, {"type": "Digits", "individual_digits": true}]},
    "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
      {"type": "BPEDecoder", "suffix": "b"}, {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true}]},
    "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0], ["<s>", 0], ["\u2581", -1.5], ["a", -2],
      ["ab", -3.25], ["\u2581ab", -4], ["c", -2.5], ["1", -3], ["fi", -2], ["<0xC3>", -9], ["<0xA9>", -9]]}})";
  return text;
}

// Whole words, cut at white space and signs.
inline const std::string& word_document() {
  static const std::string text = R"({
    "normalizer": {"type": "ByteLevel"},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, {"type": "CharDelimiterSplit", "delimiter": "b"},
      {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": false}]},
    "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "_a": 1, "_c": 2}}})";
  return text;
}

}  // namespace rondo::test
