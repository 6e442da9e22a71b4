// A tokenizer of few letters: <s> 0, </s> 1, a 2, b 3, a space 4, a space and b 5, . 6; none of its special tokens is added to a text.
#pragma once

#include <rondo/data/tokenizer/tokenizer.hpp>

namespace rondo::test {

inline Tokenizer letter_tokenizer() {
  return Tokenizer::parse(R"({
    "added_tokens": [
      {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
      {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
    "post_processor": null,
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
    "model": {"type": "BPE", "vocab": {"<s>": 0, "</s>": 1, "a": 2, "b": 3, "\u0120": 4, "\u0120b": 5, ".": 6}, "merges": ["\u0120 b"]}})",
                          "letters");
}

}  // namespace rondo::test
