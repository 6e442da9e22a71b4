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
#include <variant>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/added_tokens.hpp>
#include <rondo/data/tokenizer/decoder.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/encoding_cache.hpp>
#include <rondo/data/tokenizer/normalizer.hpp>
#include <rondo/data/tokenizer/post_processor.hpp>
#include <rondo/data/tokenizer/pre_tokenizer.hpp>
#include <rondo/data/tokenizer/token_model.hpp>
#include <rondo/data/tokenizer/vocabulary.hpp>

namespace rondo {

// What a Pipeline is made of.
struct PipelineParts {
  std::vector<AddedToken> added_tokens;
  Normalizers normalizers;
  PreTokenizers pre_tokenizers;
  ModelParts model = BytePairs{};
  PostProcessors post_processors;
  Decoders decoders;
};

class Pipeline {
 public:
  Pipeline(PipelineParts parts, const std::string& name)
      : parts_(std::move(parts)), model_(make_model(std::move(parts_.model), name)), vocabulary_(model_size()) {
    number_added_tokens(name);
    std::vector<AddedTokens::Entry> in_given;
    std::vector<AddedTokens::Entry> in_normalized;
    for (const bool special : {true, false})
      for (const AddedToken& token : parts_.added_tokens)
        if (token.special == special) (token.normalized ? in_normalized : in_given).push_back(added_by_id_.at(token.id));
    in_given_ = AddedTokens{std::move(in_given)};
    in_normalized_ = AddedTokens{std::move(in_normalized)};
    for (const bool pair : {false, true})
      for (const TemplatePiece& piece : texts_template(pair))
        require(piece.token < vocabulary_, name, ": post_processor: id ", piece.token, " is not below the vocabulary of ", vocabulary_);
    const auto bytes_as_characters = [](const auto& step) { return std::holds_alternative<ByteCharacters>(step); };
    const auto bytes_in_words = [](const auto& step) { return std::holds_alternative<ByteLevel>(step); };
    require(std::count_if(parts_.normalizers.begin(), parts_.normalizers.end(), bytes_as_characters) +
                    std::count_if(parts_.pre_tokenizers.begin(), parts_.pre_tokenizers.end(), bytes_in_words) <=
                most_byte_levels,
            name, ": more than ", most_byte_levels, " steps of ByteLevel, each of which makes text twice as long");
    needs_origin_ = whether_pieces_need_their_origin();
    if (!parts_.normalizers.empty() || !parts_.pre_tokenizers.empty()) require_unicode_tables(name);
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // `text` must be UTF-8.
  [[nodiscard]] Encoding encode(std::string_view text, SpecialTokens special) const {
    Encoding encoding;
    std::vector<std::string> texts;  // of the tokens, for the post-processors
    std::vector<PieceToken> tokens;
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
            std::visit([&](const auto& model) { model.encode(piece.text(), tokens); }, model_);
            for (const auto& [id, begin, end] : tokens) {
              encoding.ids.push_back(id);
              encoding.offsets.push_back(piece.characters(begin, end));
              texts.push_back(*model_token(id));
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
    if (needs_origin_) {
      const auto append = [&](AlignedText&& part) { append_pieces(cut(parts_.pre_tokenizers, std::move(part)), out, cache); };
      const auto append_token = [&](const AlignedText&, const AddedToken& token, std::string_view) { out.push_back(token.id); };
      return for_each_part(AlignedText{text, true}, append_token, append);
    }
    in_given_.cut(text, [&](std::size_t begin, std::size_t end, const AddedToken* token) {
      if (token != nullptr) return out.push_back(token->id);
      const std::string_view part = text.substr(begin, end - begin);
      if (parts_.normalizers.empty()) return append_normalized(part, begin == 0, out, cache);
      AlignedText normalized{part, false};
      normalize(parts_.normalizers, normalized);
      append_normalized(normalized.text(), begin == 0, out, cache);
    });
  }

  [[nodiscard]] std::string decode(std::span<const TokenId> ids, SpecialTokens special) const {
    Texts texts;
    for (const TokenId id : ids) {
      require(id >= 0 && id < vocabulary_, "token id ", id, ": expected 0 to ", vocabulary_ - 1);
      const auto added = added_by_id_.find(id);
      if (added != added_by_id_.end()) {
        const auto& [token, spelling] = added->second;
        if (special == SpecialTokens::included || !token.special) texts.push_back(spelling);
      } else if (const std::string* token = model_token(id)) {
        texts.push_back(*token);
      }
    }
    return rondo::decode(parts_.decoders, std::move(texts));
  }

  // What the post-processors make of one text, or of two.
  [[nodiscard]] TextsTemplate texts_template(bool pair) const {
    TextsTemplate result = pair ? two_texts() : TextsTemplate(1);
    for (const PostProcessor& step : parts_.post_processors) {
      const auto* special = std::get_if<AddSpecial>(&step);
      if (special == nullptr) continue;
      if (pair) {
        result = special->pair;
        continue;
      }
      for (auto id = special->before.rbegin(); id != special->before.rend(); ++id) result.insert(result.begin(), special_piece(*id));
      for (const TokenId id : special->after) result.push_back(special_piece(id));
    }
    return result;
  }

  // One more than the largest id.
  [[nodiscard]] TokenId vocabulary() const { return vocabulary_; }
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const {
    const auto added = added_ids_.find(token);
    if (added != added_ids_.end()) return added->second;
    return std::visit([&](const auto& model) { return model.find(token); }, model_);
  }
  // Empty for an id that has none.
  [[nodiscard]] std::string token(TokenId id) const {
    if (const auto added = added_by_id_.find(id); added != added_by_id_.end()) return added->second.token.content;
    const std::string* token = model_token(id);
    return token == nullptr ? std::string{} : *token;
  }
  [[nodiscard]] const PipelineParts& parts() const { return parts_; }
  [[nodiscard]] const TokenModel& model() const { return model_; }

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
  static constexpr std::ptrdiff_t most_byte_levels = 8;

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

  // The id of an added token is that of the vocabulary, else the next free one, whatever a file says; one that is there twice is
  // what it is the last time (Hugging Face tokenizers). One that no such vocabulary has (data/tokenizer/vocabulary.hpp) is an error.
  void number_added_tokens(const std::string& name) {
    std::erase_if(parts_.added_tokens, [](const AddedToken& token) { return token.content.empty(); });
    TokenId next = std::visit([](const auto& model) { return model.token_count(); }, model_);
    const std::size_t all = static_cast<std::size_t>(next) + parts_.added_tokens.size();
    for (AddedToken& token : parts_.added_tokens) {
      require(token.id < 0 || Vocabulary::may_hold(token.id, all), name, ": added_tokens: token '", token.content, "': the id is ",
              token.id, " in a vocabulary of ", all, " tokens");
      token.id = id_of(token.content).value_or(next);
      require(token.id <= Vocabulary::largest_id, name, ": too many added tokens");
      next = std::max(next, token.id + 1);
      added_ids_.emplace(token.content, token.id);
      AlignedText spelling{token.content, false};
      if (token.normalized) normalize(parts_.normalizers, spelling);
      added_by_id_.insert_or_assign(token.id, AddedTokens::Entry{token, spelling.text()});
    }
    vocabulary_ = std::max(vocabulary_, next);
  }

  // Whether a piece may look different where the given text begins, and where that is cannot be told from the pieces alone.
  [[nodiscard]] bool whether_pieces_need_their_origin() const {
    for (std::size_t i = 0; i < parts_.pre_tokenizers.size(); ++i) {
      const auto* words = std::get_if<Metaspace>(&parts_.pre_tokenizers[i]);
      if (words != nullptr && words->prepend == MetaspacePrepend::first && (i > 0 || !parts_.normalizers.empty())) return true;
    }
    return false;
  }

  void append_normalized(std::string_view text, bool first, std::vector<TokenId>& out, EncodingCache& cache) const {
    in_normalized_.cut(text, [&](std::size_t begin, std::size_t end, const AddedToken* token) {
      if (token != nullptr) return out.push_back(token->id);
      append_part(text.substr(begin, end - begin), first && begin == 0, 0, out, cache);
    });
  }
  // The steps from `step` on. What the first of them is given are whole lines, later ones words, which come again.
  void append_part(std::string_view text, bool first, std::size_t step, std::vector<TokenId>& out, EncodingCache& cache) const {
    const auto compute = [&](std::string_view part, std::vector<TokenId>& ids) {
      append_new_part(part, first, step, ids, cache);
    };
    if (text.empty()) return;
    if (step == 0 && !parts_.pre_tokenizers.empty()) return compute(text, out);
    cache.append(step, text, out, compute);
  }
  void append_new_part(std::string_view text, bool first, std::size_t step, std::vector<TokenId>& out,
                       EncodingCache& cache) const {
    const std::size_t steps = parts_.pre_tokenizers.size();
    if (step == steps) return append_piece(text, out);
    // Words are remembered as they were before their bytes became characters.
    if (const auto* bytes = std::get_if<ByteLevel>(&parts_.pre_tokenizers[step]); bytes != nullptr && step + 1 == steps) {
      return bytes->for_each_given_piece(text, [&](std::string_view piece) {
        const auto compute = [this](std::string_view word, std::vector<TokenId>& ids) {
          append_piece(byte_level_text(word), ids);
        };
        if (step > 0 && !bytes->split) return compute(piece, out);
        cache.append(steps, piece, out, compute);
      });
    }
    std::visit(
        [&](const auto& one) {
          one.for_each_piece(text, first,
                             [&](std::string_view piece, bool begins) { append_part(piece, begins, step + 1, out, cache); });
        },
        parts_.pre_tokenizers[step]);
  }
  void append_pieces(const Pieces& pieces, std::vector<TokenId>& out, EncodingCache& cache) const {
    for (const AlignedText& piece : pieces)
      cache.append(parts_.pre_tokenizers.size(), piece.text(), out,
                   [this](std::string_view text, std::vector<TokenId>& ids) { append_piece(text, ids); });
  }
  void append_piece(std::string_view piece, std::vector<TokenId>& ids) const {
    std::vector<PieceToken> tokens;
    std::visit([&](const auto& model) { model.encode(piece, tokens); }, model_);
    for (const PieceToken& token : tokens) ids.push_back(token.id);
  }

  [[nodiscard]] TokenId model_size() const {
    return std::visit([](const auto& model) { return model.size(); }, model_);
  }
  [[nodiscard]] const std::string* model_token(TokenId id) const {
    return std::visit([id](const auto& model) { return model.token(id); }, model_);
  }

  PipelineParts parts_;
  TokenModel model_;
  TokenId vocabulary_;
  AddedTokens in_given_;
  AddedTokens in_normalized_;
  std::unordered_map<TokenId, AddedTokens::Entry> added_by_id_;
  TokenMap added_ids_;
  bool needs_origin_ = false;
};

}  // namespace rondo
