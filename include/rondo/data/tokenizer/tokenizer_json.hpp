// Reader of tokenizer.json (Hugging Face tokenizers).
//
//   PipelineParts parts = read_tokenizer_json(read_json("tokenizer.json"), "tokenizer.json");
//
//   model           BPE, WordPiece, WordLevel, Unigram (model_json.hpp)
//   normalizer      BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Strip,
//                   StripAccents, Sequence
//   pre_tokenizer   BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Split,
//                   UnicodeScripts, Whitespace, WhitespaceSplit, Sequence
//   post_processor  BertProcessing, ByteLevel, RobertaProcessing, TemplateProcessing, Sequence
//   decoder         BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Strip, WordPiece, Sequence
//
// Ids of added tokens follow from their order (pipeline.hpp); what the file says they are is not looked at.
// "truncation" and "padding" are not obeyed: a text is encoded whole, as transformers does where nobody asks for less. Any other
// part, a member of the wrong type, and whatever the models refuse throw Error with the place in the document.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/json_place.hpp>
#include <rondo/data/tokenizer/model_json.hpp>
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
  return quickest_pattern(pattern["Regex"].text());
}

[[nodiscard]] inline Normalizer read_normalizer(const JsonPlace& part) {
  const std::string& type = part["type"].text();
  if (type == "BertNormalizer") {
    const bool lower_case = part.flag("lowercase", true);
    return BertNormalizer{part.flag("clean_text", true), part.flag("handle_chinese_chars", true),
                          part.flag("strip_accents", lower_case), lower_case};
  }
  if (type == "ByteLevel") return ByteCharacters{};
  if (type == "Lowercase") return LowerCase{};
  if (type == "NFC") return UnicodeForm{Decomposition::canonical, true};
  if (type == "NFD") return UnicodeForm{Decomposition::canonical, false};
  if (type == "NFKC") return UnicodeForm{Decomposition::compatibility, true};
  if (type == "NFKD") return UnicodeForm{Decomposition::compatibility, false};
  if (type == "Nmt") return NmtNormalizer{};
  if (type == "Precompiled") {
    const auto map = part.find("precompiled_charsmap");
    return map ? PrecompiledMap{map->text(), map->name()} : PrecompiledMap{"", ""};
  }
  if (type == "Prepend") return Prepend{part["prepend"].text()};
  if (type == "Replace") return ReplaceText{read_pattern(part["pattern"]), part["content"].text()};
  if (type == "Strip") return Strip{part.flag("strip_left", true), part.flag("strip_right", true)};
  if (type == "StripAccents") return StripMarks{};
  throw unknown_part(part,
                     "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Strip, "
                     "StripAccents, Sequence");
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

[[nodiscard]] inline std::string read_character(const JsonPlace& place) {
  const std::string& character = place.text();
  if (count_characters(character) != 1) throw place.problem("expected one character, found '" + character + "'");
  return character;
}

[[nodiscard]] inline MetaspacePrepend read_metaspace_prepend(const JsonPlace& part) {
  const std::string scheme = part.text("prepend_scheme", part.flag("add_prefix_space", true) ? "always" : "never");
  if (scheme == "always") return MetaspacePrepend::always;
  if (scheme == "first") return MetaspacePrepend::first;
  if (scheme == "never") return MetaspacePrepend::never;
  throw part["prepend_scheme"].problem("expected always, first or never, found '" + scheme + "'");
}

inline void read_pre_tokenizer(const JsonPlace& part, PreTokenizers& out) {
  const std::string& type = part["type"].text();
  const EachCharacter space{is_white_space};
  const EachCharacter punctuation{is_punctuation};
  if (type == "ByteLevel") {
    out.emplace_back(ByteLevel{part.flag("add_prefix_space", true), part.flag("use_regex", true)});
  } else if (type == "Split") {
    out.emplace_back(Split{read_pattern(part["pattern"]), read_split_behavior(part["behavior"]), part.flag("invert", false)});
  } else if (type == "Digits") {
    const bool alone = part.flag("individual_digits", false);
    out.emplace_back(Split{EachCharacter{is_number}, alone ? SplitBehavior::isolated : SplitBehavior::contiguous, false});
  } else if (type == "UnicodeScripts") {
    out.emplace_back(Split{ScriptRuns{}, SplitBehavior::removed, true});
  } else if (type == "Whitespace") {
    out.emplace_back(Split{WordsAndSigns{}, SplitBehavior::removed, true});
  } else if (type == "WhitespaceSplit") {
    out.emplace_back(Split{space, SplitBehavior::removed, false});
  } else if (type == "Punctuation") {
    const auto behavior = part.find("behavior");
    out.emplace_back(Split{punctuation, behavior ? read_split_behavior(*behavior) : SplitBehavior::isolated, false});
  } else if (type == "BertPreTokenizer") {
    out.emplace_back(Split{space, SplitBehavior::removed, false});
    out.emplace_back(Split{punctuation, SplitBehavior::isolated, false});
  } else if (type == "CharDelimiterSplit") {
    out.emplace_back(Split{read_character(part["delimiter"]), SplitBehavior::removed, false});
  } else if (type == "Metaspace") {
    out.emplace_back(Metaspace{read_character(part["replacement"]), read_metaspace_prepend(part), part.flag("split", true)});
  } else if (type == "FixedLength") {
    const std::int32_t length = part["length"].count();
    if (length == 0) throw part["length"].problem("expected at least 1, found 0");
    out.emplace_back(FixedLength{static_cast<std::size_t>(length)});
  } else {
    throw unknown_part(part,
                       "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Split, "
                       "UnicodeScripts, Whitespace, WhitespaceSplit, Sequence");
  }
}

// ["</s>", 2]
[[nodiscard]] inline TokenId read_token_with_id(const JsonPlace& pair) {
  const std::vector<JsonPlace> elements = pair.elements();
  if (elements.size() != 2) throw pair.problem("expected [token, id], found " + std::to_string(elements.size()) + " elements");
  return elements[1].count();
}

// "single" or "pair": where the texts stand, and the tokens around them.
[[nodiscard]] inline TextsTemplate read_template(const JsonPlace& part, const char* which) {
  TextsTemplate pieces;
  const JsonPlace list = part[which];
  for (const JsonPlace& item : list.elements()) {
    if (const auto sequence = item.find("Sequence")) {
      const std::string id = sequence->text("id", "A");
      if (id != "A" && id != "B") throw sequence->problem("expected A or B, found '" + id + "'");
      const TemplatePiece text{id == "A" ? TemplatePiece::Kind::first_text : TemplatePiece::Kind::second_text};
      if (std::find(pieces.begin(), pieces.end(), text) != pieces.end())
        throw item.problem("expected one Sequence " + id + ", found another");
      pieces.push_back(text);
      continue;
    }
    const std::string name = item["SpecialToken"]["id"].text();
    for (const JsonPlace& id : part["special_tokens"][name]["ids"].elements()) pieces.push_back(special_piece(id.count()));
  }
  return pieces;
}
[[nodiscard]] inline AddSpecial read_template(const JsonPlace& part) {
  AddSpecial special;
  bool after = false;
  for (const TemplatePiece& piece : read_template(part, "single")) {
    if (piece.kind == TemplatePiece::Kind::second_text) throw part["single"].problem("expected Sequence A alone, found B");
    if (piece.kind == TemplatePiece::Kind::first_text)
      after = true;
    else
      (after ? special.after : special.before).push_back(piece.token);
  }
  if (!after) throw part["single"].problem("expected a Sequence, found none");
  if (part.find("pair")) special.pair = read_template(part, "pair");
  return special;
}

// [CLS] A [SEP] B [SEP], or <s> A </s></s> B </s>
[[nodiscard]] inline AddSpecial read_cls_and_sep(const JsonPlace& part, bool twice) {
  const TokenId cls = read_token_with_id(part["cls"]), sep = read_token_with_id(part["sep"]);
  AddSpecial special{{cls}, {sep}, {special_piece(cls), {TemplatePiece::Kind::first_text}, special_piece(sep)}};
  if (twice) special.pair.push_back(special_piece(sep));
  special.pair.push_back({TemplatePiece::Kind::second_text});
  special.pair.push_back(special_piece(sep));
  return special;
}

inline void read_post_processor(const JsonPlace& part, PostProcessors& out) {
  const std::string& type = part["type"].text();
  if (type == "ByteLevel" || type == "RobertaProcessing") {
    if (part.flag("trim_offsets", true)) out.emplace_back(TrimOffsets{part.flag("add_prefix_space", true)});
    if (type == "RobertaProcessing") out.emplace_back(read_cls_and_sep(part, true));
  } else if (type == "BertProcessing") {
    out.emplace_back(read_cls_and_sep(part, false));
  } else if (type == "TemplateProcessing") {
    out.emplace_back(read_template(part));
  } else {
    throw unknown_part(part, "BertProcessing, ByteLevel, RobertaProcessing, TemplateProcessing, Sequence");
  }
}

[[nodiscard]] inline Decoder read_decoder(const JsonPlace& part) {
  const std::string& type = part["type"].text();
  if (type == "BPEDecoder") return DecodeSuffix{part.text("suffix", "</w>")};
  if (type == "ByteLevel") return DecodeBytes{};
  if (type == "ByteFallback") return DecodeFallbackBytes{};
  if (type == "CTC")
    return DecodeCtc{part.text("pad_token", "<pad>"), part.text("word_delimiter_token", "|"), part.flag("cleanup", true)};
  if (type == "Fuse") return Fuse{};
  if (type == "Metaspace")
    return DecodeMetaspace{read_character(part["replacement"]), read_metaspace_prepend(part) != MetaspacePrepend::never};
  if (type == "Strip")
    return StripEnds{part["content"].text(), static_cast<std::size_t>(part["start"].count()),
                     static_cast<std::size_t>(part["stop"].count())};
  if (type == "Replace") return DecodeReplace{{read_pattern(part["pattern"]), part["content"].text()}};
  if (type == "WordPiece") return DecodeWordPieces{part.text("prefix", "##"), part.flag("cleanup", true)};
  throw unknown_part(part, "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Strip, WordPiece, Sequence");
}

[[nodiscard]] inline PipelineParts read_tokenizer_json(const Json& document, const std::string& name) {
  const JsonPlace root{document, name};
  PipelineParts parts;
  parts.model = read_model(root["model"], name);
  if (const auto tokens = root.find("added_tokens")) {
    for (const JsonPlace& token : tokens->elements())
      parts.added_tokens.push_back({.content = token["content"].text(),
                                    .id = token.find("id") ? token["id"].count() : -1,
                                    .special = token.flag("special", false),
                                    .normalized = token.flag("normalized", true),
                                    .single_word = token.flag("single_word", false),
                                    .takes_left_space = token.flag("lstrip", false),
                                    .takes_right_space = token.flag("rstrip", false)});
  }
  if (const auto part = root.find("normalizer"))
    read_sequence(*part, "normalizers", [&](const JsonPlace& one) { parts.normalizers.push_back(read_normalizer(one)); });
  if (const auto part = root.find("pre_tokenizer"))
    read_sequence(*part, "pretokenizers", [&](const JsonPlace& one) { read_pre_tokenizer(one, parts.pre_tokenizers); });
  if (const auto part = root.find("post_processor"))
    read_sequence(*part, "processors", [&](const JsonPlace& one) { read_post_processor(one, parts.post_processors); });
  if (const auto part = root.find("decoder"))
    read_sequence(*part, "decoders", [&](const JsonPlace& one) { parts.decoders.push_back(read_decoder(one)); });
  return parts;
}

}  // namespace rondo
