// Reader of GPT-2's pair of files: the vocabulary (vocab.json, encoder.json: {"token": id}) and the merges (merges.txt,
// vocab.bpe: a line "a b" each, the first line may be "#version: ...").
//
// The parts are those of GPT-2: byte-level words without prefix space, and <|endoftext|> as a special token where the
// vocabulary has it. Throws Error for what is not of this form.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/pipeline.hpp>
#include <rondo/data/tokenizer/tokenizer_json.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo {

[[nodiscard]] inline PipelineParts read_gpt2_files(const std::filesystem::path& vocabulary, const std::filesystem::path& merges) {
  PipelineParts parts;
  const Json document = read_json(vocabulary);
  BytePairs pairs;
  pairs.vocabulary = read_vocabulary(JsonPlace{document, vocabulary.string()});
  for (const auto& [token, id] : pairs.vocabulary)
    if (token == "<|endoftext|>") parts.added_tokens.push_back({.content = token, .special = true});

  const MappedFile file{merges};
  require_utf8(file.text(), merges.string());
  std::size_t line_number = 0;
  for (std::string_view rest = file.text(); !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (line_number == 1 && line.starts_with("#version"))) continue;
    pairs.merges.push_back(split_merge(std::string(line), merges.string() + ": line " + std::to_string(line_number)));
  }
  parts.model = std::move(pairs);
  parts.pre_tokenizers.emplace_back(ByteLevel{.prefix_space = false, .split = true});
  parts.decoders.push_back(DecodeBytes{});
  return parts;
}

}  // namespace rondo
