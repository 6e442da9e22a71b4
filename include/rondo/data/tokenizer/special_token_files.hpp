// What a folder of a model says about special tokens, in the files that transformers reads and Tokenizer::load does.
//
//   write_special_tokens(folder, end);     // the id that ends texts and stands before them
//
//   generation_config.json   eos_token_id and bos_token_id
//   tokenizer_config.json    the same as tokens, and which class reads tokenizer.json; where that lies in the folder and has
//                            no tokenizer_config.json of its own
#pragma once

#include <filesystem>
#include <string>

#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

inline void write_special_tokens(const std::filesystem::path& folder, TokenId end) {
  if (end < 0) return;
  write_json(folder / "generation_config.json", {{"bos_token_id", end}, {"eos_token_id", end}});
  const std::filesystem::path config = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(folder / "tokenizer.json") || std::filesystem::exists(config)) return;
  const Tokenizer tokenizer = Tokenizer::load(folder / "tokenizer.json");
  const std::string token = tokenizer.token(end);
  Json document{{"tokenizer_class", "PreTrainedTokenizerFast"},
                {"bos_token", token},
                {"eos_token", token},
                {"clean_up_tokenization_spaces", false}};
  if (const TokenId unknown = tokenizer.special_ids().unknown; unknown >= 0) document["unk_token"] = tokenizer.token(unknown);
  write_json(config, document);
}

}  // namespace rondo
