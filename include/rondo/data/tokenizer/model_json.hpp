// Reader of the member "model" of a tokenizer.json.
//
//   ModelParts parts = read_model(JsonPlace{document, name}["model"], name);
//
//   BPE         vocab, merges as "a b" or ["a", "b"], unk_token, continuing_subword_prefix, end_of_word_suffix, fuse_unk,
//               byte_fallback, ignore_merges; dropout must not ask for chance
//   WordPiece   vocab, unk_token, continuing_subword_prefix, max_input_chars_per_word
//   WordLevel   vocab, unk_token
//   Unigram     vocab as [["a", score], ...], unk_id, byte_fallback
//
// Where "type" is absent the members tell. Throws Error with the place for what is not of this form.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/json_place.hpp>
#include <rondo/data/tokenizer/pipeline.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

// {"token": id, ...}
[[nodiscard]] inline TokensWithIds read_vocabulary(const JsonPlace& place) {
  if (!place.value().is_object()) throw place.expected("an object");
  TokensWithIds vocabulary;
  vocabulary.reserve(place.value().size());
  for (const auto& [token, id] : place.value().items()) {
    if (!id.is_number_integer() || id < 0 || id > Vocabulary::largest_id)
      throw place.problem("token '" + token + "': expected an id from 0 to " + std::to_string(Vocabulary::largest_id) +
                          ", found " + id.dump().substr(0, 40));
    vocabulary.emplace_back(token, id.get<TokenId>());
  }
  return vocabulary;
}

// "a b"
[[nodiscard]] inline std::pair<std::string, std::string> split_merge(const std::string& merge, const std::string& place) {
  const std::size_t space = merge.find(' ');
  require(space != std::string::npos && merge.find(' ', space + 1) == std::string::npos, place,
          ": expected two tokens with a space between, found '", merge, "'");
  return {merge.substr(0, space), merge.substr(space + 1)};
}

[[nodiscard]] inline BytePairs read_byte_pairs(const JsonPlace& model, const std::string& name) {
  if (const auto dropout = model.find("dropout"); dropout && dropout->value() != 0)
    throw dropout->problem("expected null: encoding is not random");
  BytePairs pairs;
  pairs.vocabulary = read_vocabulary(model["vocab"]);
  const JsonPlace merges = model["merges"];
  if (!merges.value().is_array()) throw merges.expected("a list");
  pairs.merges.reserve(merges.value().size());
  for (const Json& merge : merges.value()) {
    const std::string place = name + ": model.merges[" + std::to_string(pairs.merges.size()) + "]";
    if (merge.is_string()) {
      pairs.merges.push_back(split_merge(merge.get_ref<const std::string&>(), place));
    } else {
      require(merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string(), place,
              ": expected \"a b\" or [\"a\", \"b\"], found ", merge.dump().substr(0, 80));
      pairs.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    }
  }
  pairs.unknown_token = model.text("unk_token", "");
  pairs.continuing_prefix = model.text("continuing_subword_prefix", "");
  pairs.end_suffix = model.text("end_of_word_suffix", "");
  pairs.fuse_unknown = model.flag("fuse_unk", false);
  pairs.byte_fallback = model.flag("byte_fallback", false);
  pairs.ignore_merges = model.flag("ignore_merges", false);
  return pairs;
}

[[nodiscard]] inline WordPieces read_word_pieces(const JsonPlace& model) {
  WordPieces pieces;
  pieces.vocabulary = read_vocabulary(model["vocab"]);
  pieces.unknown_token = model.text("unk_token", pieces.unknown_token);
  pieces.continuing_prefix = model.text("continuing_subword_prefix", pieces.continuing_prefix);
  if (const auto longest = model.find("max_input_chars_per_word"))
    pieces.longest_word = static_cast<std::size_t>(longest->count());
  return pieces;
}

[[nodiscard]] inline UnigramPieces read_unigram_pieces(const JsonPlace& model, const std::string& name) {
  UnigramPieces pieces;
  const JsonPlace vocabulary = model["vocab"];
  if (!vocabulary.value().is_array()) throw vocabulary.expected("a list");
  pieces.tokens.reserve(vocabulary.value().size());
  for (const Json& piece : vocabulary.value()) {
    require(piece.is_array() && piece.size() == 2 && piece[0].is_string() && piece[1].is_number(), name, ": model.vocab[",
            pieces.tokens.size(), "]: expected [token, score], found ", piece.dump().substr(0, 80));
    pieces.tokens.emplace_back(piece[0].get<std::string>(), piece[1].get<double>());
  }
  if (const auto unknown = model.find("unk_id")) pieces.unknown = unknown->count();
  pieces.byte_fallback = model.flag("byte_fallback", false);
  return pieces;
}

[[nodiscard]] inline ModelParts read_model(const JsonPlace& model, const std::string& name) {
  std::string type = model.text("type", "");
  if (type.empty()) {
    const auto vocabulary = model.find("vocab");
    type = vocabulary && vocabulary->value().is_array()       ? "Unigram"
           : model.find("max_input_chars_per_word")           ? "WordPiece"
           : model.find("unk_token") && !model.find("merges") ? "WordLevel"
                                                              : "BPE";
  }
  if (type == "BPE") return read_byte_pairs(model, name);
  if (type == "WordPiece") return read_word_pieces(model);
  if (type == "WordLevel") return WholeWords{read_vocabulary(model["vocab"]), model.text("unk_token", "")};
  if (type == "Unigram") return read_unigram_pieces(model, name);
  throw model["type"].problem("expected one of BPE, WordPiece, WordLevel, Unigram, found '" + type + "'");
}

}  // namespace rondo
