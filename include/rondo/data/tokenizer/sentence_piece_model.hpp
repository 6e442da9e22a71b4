// SentencePieceModel: a .model file of SentencePiece, through its library. The only header that includes it; compiled
// where RONDO_SENTENCEPIECE is defined, otherwise opening a model throws Error.
//
// Offsets are the library's, counted in characters of the text: the space that it puts before a text has the range
// (0, 0), of the bytes of one character all but the last have empty ranges. Special tokens in the text are plain text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/io/mapped_file.hpp>

#ifdef RONDO_SENTENCEPIECE
#include <sentencepiece_processor.h>
#endif

namespace rondo {

class SentencePieceModel {
 public:
  explicit SentencePieceModel(const std::filesystem::path& path);

  [[nodiscard]] Encoding encode(std::string_view text, SpecialTokens special) const;
  void append_ids(std::string_view text, std::vector<TokenId>& out) const;
  [[nodiscard]] std::string decode(std::span<const TokenId> ids) const;
  [[nodiscard]] TextsTemplate texts_template(bool pair) const {
    const TokenId begin = special_ids().begin_of_text;  // stands before each of two texts (transformers' LlamaTokenizer)
    TextsTemplate result;
    for (const auto text : {TemplatePiece::Kind::first_text, TemplatePiece::Kind::second_text}) {
      if (text == TemplatePiece::Kind::second_text && !pair) continue;
      if (begin >= 0) result.push_back(special_piece(begin));
      result.push_back({text});
    }
    return result;
  }
  [[nodiscard]] TokenId vocabulary() const;
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const;
  [[nodiscard]] std::string token(TokenId id) const;
  [[nodiscard]] SpecialIds special_ids() const;

#ifdef RONDO_SENTENCEPIECE
 private:
  std::shared_ptr<const sentencepiece::SentencePieceProcessor> processor_;
#endif
};

#ifdef RONDO_SENTENCEPIECE

inline SentencePieceModel::SentencePieceModel(const std::filesystem::path& path) {
  const MappedFile file{path};
  const auto processor = std::make_shared<sentencepiece::SentencePieceProcessor>();
  const auto status = processor->LoadFromSerializedProto({file.text().data(), file.text().size()});
  require(status.ok(), path.string(), ": not a SentencePiece model: ", status.ToString());
  processor_ = processor;
}

inline Encoding SentencePieceModel::encode(std::string_view text, SpecialTokens special) const {
  Encoding encoding;
  if (special == SpecialTokens::included && processor_->bos_id() >= 0) {
    encoding.ids.push_back(processor_->bos_id());
    encoding.offsets.push_back({});
  }
  // Characters before each byte.
  std::vector<std::size_t> characters(text.size() + 1);
  for (std::size_t at = 0, count = 0; at < text.size();) {
    const std::size_t end = at + utf8_length(text[at]);
    while (at < end) characters[at++] = count;
    characters[at] = ++count;
  }
  const auto result = processor_->EncodeAsImmutableProto({text.data(), text.size()});
  for (const auto& piece : result.pieces()) {
    encoding.ids.push_back(static_cast<TokenId>(piece.id()));
    require(piece.begin() <= text.size() && piece.end() <= text.size(), "SentencePiece: a piece ends outside the text");
    encoding.offsets.push_back({characters[piece.begin()], characters[piece.end()]});
  }
  return encoding;
}

inline void SentencePieceModel::append_ids(std::string_view text, std::vector<TokenId>& out) const {
  const std::vector<int> ids = processor_->EncodeAsIds({text.data(), text.size()});
  out.insert(out.end(), ids.begin(), ids.end());
}

inline std::string SentencePieceModel::decode(std::span<const TokenId> ids) const {
  for (const TokenId id : ids) require(id >= 0 && id < vocabulary(), "token id ", id, ": expected 0 to ", vocabulary() - 1);
  return processor_->DecodeIds(std::vector<int>(ids.begin(), ids.end()));
}

inline TokenId SentencePieceModel::vocabulary() const {
  return processor_->GetPieceSize();
}

inline std::optional<TokenId> SentencePieceModel::id_of(std::string_view token) const {
  const TokenId id = processor_->PieceToId({token.data(), token.size()});
  return id >= 0 && processor_->IdToPiece(id) == token ? std::optional<TokenId>(id) : std::nullopt;
}

inline std::string SentencePieceModel::token(TokenId id) const {
  return id >= 0 && id < vocabulary() ? processor_->IdToPiece(id) : std::string{};
}

inline SpecialIds SentencePieceModel::special_ids() const {
  return {processor_->bos_id(), processor_->eos_id(), processor_->unk_id(), processor_->pad_id()};
}

#else

inline SentencePieceModel::SentencePieceModel(const std::filesystem::path& path) {
  throw error(path.string(), ": a SentencePiece model, and this build has no SentencePiece (Debian: libsentencepiece-dev)");
}
inline Encoding SentencePieceModel::encode(std::string_view, SpecialTokens) const {
  return {};
}
inline void SentencePieceModel::append_ids(std::string_view, std::vector<TokenId>&) const {}
inline std::string SentencePieceModel::decode(std::span<const TokenId>) const {
  return {};
}
inline TokenId SentencePieceModel::vocabulary() const {
  return 0;
}
inline std::optional<TokenId> SentencePieceModel::id_of(std::string_view) const {
  return std::nullopt;
}
inline std::string SentencePieceModel::token(TokenId) const {
  return {};
}
inline SpecialIds SentencePieceModel::special_ids() const {
  return {};
}

#endif

}  // namespace rondo
