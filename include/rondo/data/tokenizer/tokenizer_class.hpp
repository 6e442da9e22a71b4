// The class Tokenizer without what is behind its members (rondo/data/tokenizer/tokenizer.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/encoding_cache.hpp>

namespace rondo {

struct PipelineParts;
class SentencePieceModel;
struct TokenizerKind;  // a pipeline, or SentencePiece's model

class Tokenizer {
 public:
  // `name` is what messages call it.
  Tokenizer(PipelineParts parts, const std::string& name);
  explicit Tokenizer(SentencePieceModel model);

  [[nodiscard]] static Tokenizer load(const std::filesystem::path& path);
  [[nodiscard]] static Tokenizer load_gpt2(const std::filesystem::path& vocabulary, const std::filesystem::path& merges);
  // The text of a tokenizer.json.
  [[nodiscard]] static Tokenizer parse(std::string_view text, const std::string& name);

  [[nodiscard]] Encoding encode(std::string_view text, SpecialTokens special = SpecialTokens::left_out) const;
  // Appends the ids of `text` without special tokens; `cache` is one thread's and this tokenizer's.
  void append_ids(std::string_view text, std::vector<TokenId>& out, EncodingCache& cache) const;
  [[nodiscard]] std::string decode(std::span<const TokenId> ids, SpecialTokens special = SpecialTokens::included) const;

  // What one text, or two, become with the special tokens of the post-processor.
  [[nodiscard]] TextsTemplate texts_template(bool pair) const;

  // One more than the largest id.
  [[nodiscard]] TokenId vocabulary() const;
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const;
  // The token as the vocabulary spells it; empty for an id without one.
  [[nodiscard]] std::string token(TokenId id) const;
  [[nodiscard]] const SpecialIds& special_ids() const { return special_; }

  // Equal for tokenizers with the same vocabulary and merges (or scores), however their files are written.
  [[nodiscard]] std::uint64_t fingerprint() const;
  // Whether tokens stay the same when a text is cut in two at `at` (see Pipeline).
  [[nodiscard]] bool may_cut(std::string_view text, std::size_t at) const;

 private:
  void read_special_tokens(const std::filesystem::path& path);
  void read_model_ids(const std::filesystem::path& path);

  std::shared_ptr<const TokenizerKind> kind_;
  SpecialIds special_;
  bool begin_is_named_ = false;  // not just taken from the names in common use
};

}  // namespace rondo
