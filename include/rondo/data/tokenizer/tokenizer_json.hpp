// Reader of tokenizer.json (Hugging Face tokenizers).
//
//   PipelineParts parts = read_tokenizer_json(read_json("tokenizer.json"), "tokenizer.json");
//
//   model           BPE (the default where "type" is absent); merges as "a b" or ["a", "b"]
//   normalizer      Lowercase, NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, Sequence
//   pre_tokenizer   ByteLevel, Split, Digits, Sequence
//   post_processor  ByteLevel, RobertaProcessing, TemplateProcessing, Sequence
//   decoder         ByteLevel, ByteFallback, Fuse, Strip, Replace, Sequence
//
// "truncation" and "padding" are not obeyed: a text is encoded whole. Any other part, a member of the wrong type, and
// whatever BytePairModel refuses throw Error with the place in the document.
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

[[nodiscard]] inline Error unknown_part(const JsonPlace& part, std::string_view known) {
  return part["type"].problem("expected one of " + std::string(known) + ", found '" + part["type"].text() + "'");
}

// Calls read(part) for a part that is not a sequence, and for each element (of the member `list`) of one that is.
template <class Read>
void read_sequence(const JsonPlace& part, const std::string& list, Read&& read) {
  if (part["type"].text() != "Sequence") return read(part);
  for (const JsonPlace& element : part[list].elements()) read_sequence(element, list, read);
}

[[nodiscard]] inline TextPattern read_pattern(const JsonPlace& pattern) {
  if (pattern.value().is_string()) return pattern.text();
  if (const auto text = pattern.find("String")) return text->text();
  const std::string& expression = pattern["Regex"].text();
  if (const auto known = WordPattern::find(expression)) return *known;
  return RegularExpression{expression};
}

[[nodiscard]] inline Normalizer read_normalizer(const JsonPlace& part) {
  const std::string& type = part["type"].text();
  if (type == "Lowercase") return LowerCase{};
  if (type == "NFC") return UnicodeForm{Decomposition::canonical, true};
  if (type == "NFD") return UnicodeForm{Decomposition::canonical, false};
  if (type == "NFKC") return UnicodeForm{Decomposition::compatibility, true};
  if (type == "NFKD") return UnicodeForm{Decomposition::compatibility, false};
  if (type == "Prepend") return Prepend{part["prepend"].text()};
  if (type == "Replace") return ReplaceText{read_pattern(part["pattern"]), part["content"].text()};
  if (type == "Strip") return Strip{part.flag("strip_left", true), part.flag("strip_right", true)};
  throw unknown_part(part, "Lowercase, NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, Sequence");
}

[[nodiscard]] inline SplitBehavior read_split_behavior(const JsonPlace& behavior) {
  const std::string& name = behavior.text();
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  throw behavior.problem("expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous, found '" + name + "'");
}

[[nodiscard]] inline PreTokenizer read_pre_tokenizer(const JsonPlace& part) {
  const std::string& type = part["type"].text();
  if (type == "ByteLevel") return ByteLevel{part.flag("add_prefix_space", true), part.flag("use_regex", true)};
  if (type == "Split")
    return Split{read_pattern(part["pattern"]), read_split_behavior(part["behavior"]), part.flag("invert", false)};
  if (type == "Digits") return Digits{part.flag("individual_digits", false)};
  throw unknown_part(part, "ByteLevel, Split, Digits, Sequence");
}

// ["</s>", 2]
[[nodiscard]] inline TokenId read_token_with_id(const JsonPlace& pair) {
  const std::vector<JsonPlace> elements = pair.elements();
  if (elements.size() != 2) throw pair.problem("expected [token, id], found " + std::to_string(elements.size()) + " elements");
  return elements[1].count();
}

[[nodiscard]] inline AddSpecial read_template(const JsonPlace& part) {
  AddSpecial special;
  bool after = false;
  for (const JsonPlace& item : part["single"].elements()) {
    if (item.find("Sequence")) {
      if (after) throw item.problem("expected one Sequence, found another");
      after = true;
      continue;
    }
    const std::string name = item["SpecialToken"]["id"].text();
    for (const JsonPlace& id : part["special_tokens"][name]["ids"].elements())
      (after ? special.after : special.before).push_back(id.count());
  }
  if (!after) throw part["single"].problem("expected a Sequence, found none");
  return special;
}

inline void read_post_processor(const JsonPlace& part, PostProcessors& out) {
  const std::string& type = part["type"].text();
  if (type == "ByteLevel" || type == "RobertaProcessing") {
    if (part.flag("trim_offsets", true)) out.emplace_back(TrimOffsets{part.flag("add_prefix_space", true)});
    if (type == "RobertaProcessing")
      out.emplace_back(AddSpecial{{read_token_with_id(part["cls"])}, {read_token_with_id(part["sep"])}});
  } else if (type == "TemplateProcessing") {
    out.emplace_back(read_template(part));
  } else {
    throw unknown_part(part, "ByteLevel, RobertaProcessing, TemplateProcessing, Sequence");
  }
}

[[nodiscard]] inline Decoder read_decoder(const JsonPlace& part) {
  const std::string& type = part["type"].text();
  if (type == "ByteLevel") return DecodeBytes{};
  if (type == "ByteFallback") return DecodeFallbackBytes{};
  if (type == "Fuse") return Fuse{};
  if (type == "Strip")
    return StripEnds{part["content"].text(), static_cast<std::size_t>(part["start"].count()),
                     static_cast<std::size_t>(part["stop"].count())};
  if (type == "Replace") return DecodeReplace{{read_pattern(part["pattern"]), part["content"].text()}};
  throw unknown_part(part, "ByteLevel, ByteFallback, Fuse, Strip, Replace, Sequence");
}

// {"token": id, ...}
[[nodiscard]] inline std::vector<std::pair<std::string, TokenId>> read_vocabulary(const JsonPlace& place) {
  if (!place.value().is_object()) throw place.expected("an object");
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  vocabulary.reserve(place.value().size());
  for (const auto& [token, id] : place.value().items()) {
    if (!id.is_number_integer() || id < 0 || id > BytePairModel::largest_id)
      throw place.problem("token '" + token + "': expected an id from 0 to " + std::to_string(BytePairModel::largest_id) +
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
  if (const std::string type = model.text("type", "BPE"); type != "BPE")
    throw model["type"].problem("expected BPE, found '" + type + "'");
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

[[nodiscard]] inline PipelineParts read_tokenizer_json(const Json& document, const std::string& name) {
  const JsonPlace root{document, name};
  PipelineParts parts;
  parts.model = read_byte_pairs(root["model"], name);
  if (const auto tokens = root.find("added_tokens")) {
    for (const JsonPlace& token : tokens->elements())
      parts.added_tokens.push_back({.content = token["content"].text(),
                                    .id = token["id"].count(),
                                    .special = token.flag("special", false),
                                    .normalized = token.flag("normalized", true),
                                    .single_word = token.flag("single_word", false),
                                    .takes_left_space = token.flag("lstrip", false),
                                    .takes_right_space = token.flag("rstrip", false)});
  }
  if (const auto part = root.find("normalizer"))
    read_sequence(*part, "normalizers", [&](const JsonPlace& one) { parts.normalizers.push_back(read_normalizer(one)); });
  if (const auto part = root.find("pre_tokenizer"))
    read_sequence(*part, "pretokenizers", [&](const JsonPlace& one) { parts.pre_tokenizers.push_back(read_pre_tokenizer(one)); });
  if (const auto part = root.find("post_processor"))
    read_sequence(*part, "processors", [&](const JsonPlace& one) { read_post_processor(one, parts.post_processors); });
  if (const auto part = root.find("decoder"))
    read_sequence(*part, "decoders", [&](const JsonPlace& one) { parts.decoders.push_back(read_decoder(one)); });
  return parts;
}

}  // namespace rondo
