// Tokenizer: text to token ids and back. A value: copies share the tables, which never change; safe for many threads.
//
//   Tokenizer tokenizer = Tokenizer::load("run/tokenizer.json");
//   Encoding encoding = tokenizer.encode("Hello world.");        // ids, and offsets in characters
//   std::string text = tokenizer.decode(encoding.ids);
//
// load() takes
//   tokenizer.json                  Hugging Face tokenizers (tokenizer_json.hpp)
//   vocab.json or encoder.json      GPT-2's vocabulary; the merges lie beside it (merges.txt, vocab.bpe), with the same
//                                   beginning of the name if there is one: gpt2_encoder.json, gpt2_vocab.bpe
//   merges.txt or vocab.bpe         the same pair by its other half
//   *.model                         SentencePiece (needs libsentencepiece at build)
//   a folder                        the first of tokenizer.json, vocab.json, tokenizer.model that is in it
// and throws Error for anything else. Special tokens are what the files beside it say, later ones in this order above earlier:
//   the names in common use (GPT-2 begins and ends texts with the same token); the post-processor; special_tokens_map.json;
//   tokenizer_config.json. Where none of the last three names a token that begins texts, bos_token_id of config.json and
//   generation_config.json does. The tokens that end what a model writes, one or several, are eos_token_id of
//   generation_config.json, else that of config.json, else the token that ends texts.
//
// encode and append_ids throw Error for text that is not UTF-8, decode for an id outside the vocabulary.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/data/tokenizer/tokenizer_class.hpp>

#if RONDO_HEADER_ONLY
#include <rondo/data/tokenizer/tokenizer_kinds.hpp>
#endif
