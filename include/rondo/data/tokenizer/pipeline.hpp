// Pipeline: a tokenizer of parts, as tokenizer.json describes one.
//
//   text -> added tokens cut out -> normalisers -> added tokens cut out -> pre-tokenisers -> model -> post-processors
//
// Every piece between added tokens goes through normalisers and pre-tokenisers on its own. encode() gives ids and offsets;
// append_ids() gives the same ids without special tokens, much faster: it keeps no offsets and remembers words.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/added_tokens.hpp>
#include <rondo/data/tokenizer/byte_pair_model.hpp>
#include <rondo/data/tokenizer/decoder.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/normalizer.hpp>
#include <rondo/data/tokenizer/post_processor.hpp>
#include <rondo/data/tokenizer/pre_tokenizer.hpp>
#include <rondo/data/tokenizer/word_table.hpp>

namespace rondo {

// What pieces have been encoded to; one for each thread.
class EncodingCache {
 public:
  // Appends the ids of `piece`; compute(piece, out) is asked for those of a piece that is not known.
  template <class Compute>
  void append(std::string_view piece, std::vector<TokenId>& out, Compute&& compute) {
    if (piece.size() > longest_piece) return compute(piece, out);
    if (pieces_.size() >= most_pieces) *this = EncodingCache{};
    const auto [number, fresh] = pieces_.insert(piece);
    if (fresh) {
      compute(piece, ids_);
      ends_.push_back(ids_.size());
    }
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    out.insert(out.end(), ids_.begin() + static_cast<std::ptrdiff_t>(begin),
               ids_.begin() + static_cast<std::ptrdiff_t>(ends_[number]));
  }

 private:
  static constexpr std::size_t longest_piece = 128;
  static constexpr std::size_t most_pieces = std::size_t{1} << 20;
  WordTable pieces_;
  std::vector<TokenId> ids_;
  std::vector<std::size_t> ends_;
};

// What a Pipeline is made of.
struct PipelineParts {
  std::vector<AddedToken> added_tokens;
  Normalizers normalizers;
  PreTokenizers pre_tokenizers;
  BytePairs model;
  PostProcessors post_processors;
  Decoders decoders;
};

class Pipeline {
 public:
  Pipeline(PipelineParts parts, const std::string& name)
      : parts_(std::move(parts)), model_(std::move(parts_.model), name), vocabulary_(model_.size()) {
    for (const AddedToken& token : parts_.added_tokens) {
      require(token.id >= 0 && token.id <= BytePairModel::largest_id, name, ": added token '", token.content, "': id ", token.id,
              " is out of range");
      vocabulary_ = std::max(vocabulary_, token.id + 1);
      added_by_id_[token.id] = &token;
      added_ids_.emplace(token.content, token.id);
      if (token.normalized) {
        AlignedText spelling{token.content, false};
        normalize(parts_.normalizers, spelling);
        in_normalized_.add(token, spelling.text());
      } else {
        in_given_.add(token, token.content);
      }
    }
    for (const PostProcessor& step : parts_.post_processors) {
      const auto* special = std::get_if<AddSpecial>(&step);
      for (const auto* ids : {special ? &special->before : nullptr, special ? &special->after : nullptr})
        for (std::size_t i = 0; ids != nullptr && i < ids->size(); ++i)
          require((*ids)[i] < vocabulary_, name, ": post_processor: id ", (*ids)[i], " is not below the vocabulary of ",
                  vocabulary_);
    }
    find_out_whether_pieces_are_slices();
    const auto needs_tables = [](const PreTokenizer& step) {
      return std::holds_alternative<ByteLevel>(step) || std::holds_alternative<Digits>(step);
    };
    if (std::any_of(parts_.pre_tokenizers.begin(), parts_.pre_tokenizers.end(), needs_tables)) require_unicode_tables(name);
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // `text` must be UTF-8.
  [[nodiscard]] Encoding encode(std::string_view text, SpecialTokens special) const {
    Encoding encoding;
    std::vector<std::string> texts;  // of the tokens, for the post-processors
    std::vector<BytePairModel::Token> tokens;
    for_each_part(
        AlignedText{text, true},
        [&](const AlignedText& part, const AddedToken& token, std::string_view spelled) {
          encoding.ids.push_back(token.id);
          encoding.offsets.push_back(part.characters(0, part.text().size()));
          texts.emplace_back(spelled);
        },
        [&](AlignedText&& part) {
          for (const AlignedText& piece : cut(parts_.pre_tokenizers, std::move(part))) {
            tokens.clear();
            model_.encode(piece.text(), tokens);
            std::size_t at = 0;
            for (const auto& [id, bytes] : tokens) {
              encoding.ids.push_back(id);
              encoding.offsets.push_back(piece.characters(at, at + bytes));
              texts.push_back(*model_.token(id));
              at += bytes;
            }
          }
        });
    for (const PostProcessor& step : parts_.post_processors) {
      if (const auto* trim = std::get_if<TrimOffsets>(&step)) {
        for (std::size_t i = 0; i < texts.size(); ++i) encoding.offsets[i] = trim->trimmed(encoding.offsets[i], texts[i], i);
      } else if (special == SpecialTokens::included) {
        std::get<AddSpecial>(step).process(encoding);
      }
    }
    return encoding;
  }

  // Appends the ids of `text` (UTF-8), without special tokens around it.
  void append_ids(std::string_view text, std::vector<TokenId>& out, EncodingCache& cache) const {
    in_given_.cut(text, [&](std::size_t begin, std::size_t end, const AddedToken* token) {
      if (token != nullptr) return out.push_back(token->id);
      const std::string_view part = text.substr(begin, end - begin);
      if (parts_.normalizers.empty()) return append_normalized(part, out, cache);
      AlignedText normalized{part, false};
      normalize(parts_.normalizers, normalized);
      append_normalized(normalized.text(), out, cache);
    });
  }

  [[nodiscard]] std::string decode(std::span<const TokenId> ids, SpecialTokens special) const {
    Texts texts;
    for (const TokenId id : ids) {
      require(id >= 0 && id < vocabulary_, "token id ", id, ": expected 0 to ", vocabulary_ - 1);
      const auto added = added_by_id_.find(id);
      if (added != added_by_id_.end()) {
        if (special == SpecialTokens::included || !added->second->special) texts.push_back(added->second->content);
      } else if (const std::string* token = model_.token(id)) {
        texts.push_back(*token);
      }
    }
    return rondo::decode(parts_.decoders, std::move(texts));
  }

  // One more than the largest id.
  [[nodiscard]] TokenId vocabulary() const { return vocabulary_; }
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const {
    const auto added = added_ids_.find(token);
    return added != added_ids_.end() ? std::optional<TokenId>(added->second) : model_.find(token);
  }
  // Empty for an id that has none.
  [[nodiscard]] std::string token(TokenId id) const {
    if (const auto added = added_by_id_.find(id); added != added_by_id_.end()) return added->second->content;
    const std::string* token = model_.token(id);
    return token == nullptr ? std::string{} : *token;
  }
  [[nodiscard]] const PipelineParts& parts() const { return parts_; }
  [[nodiscard]] const BytePairModel& model() const { return model_; }

  // Whether a text may be cut in two at `at`, the tokens of both parts together being those of the whole: after a single
  // line end between two words of a byte-level tokenizer without normaliser and prefix space.
  [[nodiscard]] bool may_cut(std::string_view text, std::size_t at) const {
    const auto* words = parts_.pre_tokenizers.size() == 1 ? std::get_if<ByteLevel>(&parts_.pre_tokenizers.front()) : nullptr;
    if (words == nullptr || !words->split || words->prefix_space || !parts_.normalizers.empty() || !may_cut_words(text, at))
      return false;
    return !in_given_.may_stand_at(text, at) && !in_normalized_.may_stand_at(text, at) && !in_given_.may_stand_at(text, at - 1) &&
           !in_normalized_.may_stand_at(text, at - 1);
  }

 private:
  template <class UseToken, class UsePart>
  void for_each_part(const AlignedText& text, UseToken&& use_token, UsePart&& use_part) const {
    const auto use = [&](AddedTokens const& tokens, const AlignedText& whole, auto&& use_rest) {
      tokens.cut(whole.text(), [&](std::size_t begin, std::size_t end, const AddedToken* token) {
        AlignedText part = whole.slice(begin, end);
        if (token != nullptr) return use_token(part, *token, std::string_view(whole.text()).substr(begin, end - begin));
        use_rest(std::move(part));
      });
    };
    use(in_given_, text, [&](AlignedText&& part) {
      normalize(parts_.normalizers, part);
      use(in_normalized_, part, use_part);
    });
  }

  // Whether the pre-tokenisers do nothing but cut, ByteLevel at the end excepted.
  void find_out_whether_pieces_are_slices() {
    for (std::size_t i = 0; i < parts_.pre_tokenizers.size(); ++i) {
      const auto* byte_level = std::get_if<ByteLevel>(&parts_.pre_tokenizers[i]);
      if (byte_level == nullptr) continue;
      ends_in_bytes_ = i + 1 == parts_.pre_tokenizers.size();
      prefix_space_ = byte_level->prefix_space;
      if (!ends_in_bytes_ || (prefix_space_ && i > 0)) pieces_are_slices_ = false;
    }
  }

  void append_normalized(std::string_view text, std::vector<TokenId>& out, EncodingCache& cache) const {
    in_normalized_.cut(text, [&](std::size_t begin, std::size_t end, const AddedToken* token) {
      if (token != nullptr) return out.push_back(token->id);
      const std::string_view part = text.substr(begin, end - begin);
      if (!pieces_are_slices_) {
        for (const AlignedText& piece : cut(parts_.pre_tokenizers, AlignedText{part, false}))
          cache.append(piece.text(), out, [this](std::string_view word, std::vector<TokenId>& ids) { append_piece(word, ids); });
        return;
      }
      const auto append = [&](std::string_view piece) {
        cache.append(piece, out, [this](std::string_view word, std::vector<TokenId>& ids) {
          ends_in_bytes_ ? append_piece(byte_level_text(word), ids) : append_piece(word, ids);
        });
      };
      if (prefix_space_ && !part.starts_with(' ')) {
        for_each_slice(std::string(" ").append(part), 0, append);
      } else {
        for_each_slice(part, 0, append);
      }
    });
  }
  template <class Use>
  void for_each_slice(std::string_view text, std::size_t step, const Use& use) const {
    if (text.empty()) return;
    if (step == parts_.pre_tokenizers.size()) return use(text);
    std::visit(
        [&](const auto& one) {
          one.for_each_piece(
              text, [&](std::size_t begin, std::size_t end) { for_each_slice(text.substr(begin, end - begin), step + 1, use); });
        },
        parts_.pre_tokenizers[step]);
  }
  void append_piece(std::string_view piece, std::vector<TokenId>& ids) const {
    std::vector<BytePairModel::Token> tokens;
    model_.encode(piece, tokens);
    for (const auto& [id, bytes] : tokens) ids.push_back(id);
  }

  PipelineParts parts_;
  BytePairModel model_;
  TokenId vocabulary_;
  AddedTokens in_given_;
  AddedTokens in_normalized_;
  std::unordered_map<TokenId, const AddedToken*> added_by_id_;
  TokenMap added_ids_;
  bool pieces_are_slices_ = true;
  bool ends_in_bytes_ = false;
  bool prefix_space_ = false;
};

}  // namespace rondo
