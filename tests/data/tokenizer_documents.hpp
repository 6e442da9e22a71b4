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

}  // namespace rondo::test
