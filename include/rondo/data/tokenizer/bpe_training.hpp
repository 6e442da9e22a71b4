// Training of a byte-level BPE (Sennrich et al. 2016, Algorithm 1, on bytes as in GPT-2).
//
//   TrainedBpe trained = train_bpe(counts, {.vocabulary = 16000});
//   write_json("tokenizer.json", tokenizer_json(trained));           // as Hugging Face tokenizers reads and writes it
//   Tokenizer tokenizer{byte_level_parts(trained), "trained"};
//
// Words become bytes; then the most frequent pair of neighbours, counted over all words, is joined, until the vocabulary
// is full or no pair occurs `minimum_frequency` times; pairs that would make more than `longest_token` bytes are left out.
// Of equally frequent pairs the one with the smallest (left id, right id) is taken. Ids: special tokens, the 256 byte
// characters in the order of their code points, the joined tokens in the order of their merges: what Hugging Face's
// BpeTrainer gives.
//
// Only the words that hold the pair are looked at for a merge; counts are kept up with it, and a queue holds upper
// bounds of them, corrected when they come up. Time is about the sum of all words' lengths. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/byte_pair_model.hpp>
#include <rondo/data/tokenizer/count_words.hpp>
#include <rondo/data/tokenizer/pair_table.hpp>
#include <rondo/data/tokenizer/pipeline.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

struct BpeSettings {
  TokenId vocabulary = 16000;  // special tokens and bytes included
  std::uint64_t minimum_frequency = 2;
  std::vector<std::string> special_tokens{"<|endoftext|>"};
  std::size_t longest_token = 1024;  // in bytes: no merge makes a longer one
};

struct TrainedBpe {
  std::vector<std::string> tokens;  // by id; the first are special
  std::size_t special_tokens = 0;
  std::vector<TokenPair> merges;
  std::vector<std::uint64_t> merge_counts;  // how often each pair occurred when it was joined
};

class BpeTrainer {
 public:
  BpeTrainer(const WordCounts& words, const BpeSettings& settings) : settings_(settings) {
    const std::size_t smallest = settings.special_tokens.size() + 256;
    require(settings.vocabulary >= 0 && static_cast<std::size_t>(settings.vocabulary) >= smallest &&
                settings.vocabulary <= Vocabulary::largest_id,
            "vocabulary: expected ", smallest, " (256 bytes and ", settings.special_tokens.size(), " special tokens) to ",
            Vocabulary::largest_id, ", found ", settings.vocabulary);
    require(!words.empty(), "BPE training: no words");
    add_alphabet();
    add_words(words);
  }

  [[nodiscard]] TrainedBpe run(const ProgressReport& report) {
    while (trained_.tokens.size() < static_cast<std::size_t>(settings_.vocabulary) && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const std::uint64_t count = pairs_[best.place].count;
      if (best.count != count) {
        if (count > 0) queue_.push({count, best.pair, best.place});
        continue;
      }
      if (count == 0 || count < settings_.minimum_frequency) break;
      if (bytes_of(best.pair.left) + bytes_of(best.pair.right) > settings_.longest_token) continue;
      merge(best);
      if (report && trained_.merges.size() % 256 == 0)
        report(trained_.tokens.size(), static_cast<std::uint64_t>(settings_.vocabulary));
    }
    return std::move(trained_);
  }

 private:
  struct Word {
    std::size_t begin;  // of its symbols
    std::uint32_t length;
    std::uint64_t count;
  };
  struct Pair {
    TokenPair pair;
    std::uint64_t count = 0;
    std::vector<std::uint32_t> words;  // every word that holds it, and perhaps some that did
    std::uint32_t last_merge = 0;      // the last one that made it more frequent
  };
  struct Candidate {
    std::uint64_t count;
    TokenPair pair;
    std::uint32_t place;
    bool operator<(const Candidate& other) const { return count != other.count ? count < other.count : pair > other.pair; }
  };

  void add_alphabet() {
    for (const std::string& token : settings_.special_tokens) {
      require(!token.empty() && first_invalid_utf8(token) == token.npos, "special token '", token, "': expected some UTF-8");
      require(ids_.emplace(token, static_cast<TokenId>(trained_.tokens.size())).second, "special token '", token,
              "' is given twice");
      trained_.tokens.push_back(token);
    }
    trained_.special_tokens = trained_.tokens.size();
    std::vector<std::pair<char32_t, std::size_t>> alphabet;
    for (std::size_t byte = 0; byte < 256; ++byte) alphabet.emplace_back(byte_character(static_cast<unsigned char>(byte)), byte);
    std::sort(alphabet.begin(), alphabet.end());
    for (const auto& [character, byte] : alphabet) {
      byte_ids_[byte] = static_cast<TokenId>(trained_.tokens.size());
      require(ids_.emplace(utf8(character), byte_ids_[byte]).second, "special token '", utf8(character),
              "' is a byte of the alphabet");
      trained_.tokens.push_back(utf8(character));
    }
  }

  void add_words(const WordCounts& words) {
    words_.reserve(words.size());
    for (const auto& [word, count] : words) {
      const auto number = static_cast<std::uint32_t>(words_.size());
      words_.push_back({symbols_.size(), static_cast<std::uint32_t>(word.size()), count});
      for (const char byte : word) symbols_.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
      for (std::size_t i = symbols_.size() - word.size(); i + 1 < symbols_.size(); ++i)
        increase({symbols_[i], symbols_[i + 1]}, number);
    }
    queue_increased();
  }

  // One more (less) of the pair in a word.
  void increase(TokenPair pair, std::uint32_t word) {
    std::uint32_t& known = places_[pair];
    if (known == 0) {
      pairs_.push_back({pair, 0, {}, 0});
      known = static_cast<std::uint32_t>(pairs_.size());
    }
    const std::uint32_t place = known - 1;
    Pair& entry = pairs_[place];
    entry.count += words_[word].count;
    if (entry.words.empty() || entry.words.back() != word) entry.words.push_back(word);
    if (entry.last_merge != merge_number_) {
      entry.last_merge = merge_number_;
      increased_.push_back(place);
    }
  }
  void decrease(TokenPair pair, std::uint32_t word) { pairs_[places_[pair] - 1].count -= words_[word].count; }

  [[nodiscard]] std::size_t bytes_of(TokenId token) const {
    return count_characters(trained_.tokens[static_cast<std::size_t>(token)]);
  }
  void queue_increased() {
    for (const std::uint32_t place : increased_)
      if (pairs_[place].count > 0) queue_.push({pairs_[place].count, pairs_[place].pair, place});
    increased_.clear();
    ++merge_number_;
  }

  void merge(const Candidate& best) {
    const auto [left, right] = best.pair;
    std::string joined = trained_.tokens[static_cast<std::size_t>(left)] + trained_.tokens[static_cast<std::size_t>(right)];
    // Another merge may have made the same token before.
    const auto [known, fresh] = ids_.emplace(joined, static_cast<TokenId>(trained_.tokens.size()));
    if (fresh) trained_.tokens.push_back(std::move(joined));
    trained_.merges.push_back(best.pair);
    trained_.merge_counts.push_back(best.count);
    const std::vector<std::uint32_t> words = std::move(pairs_[best.place].words);
    pairs_[best.place].words.clear();
    for (const std::uint32_t word : words) merge_in(word, best.pair, known->second);
    pairs_[best.place].count = 0;
    queue_increased();
  }
  void merge_in(std::uint32_t number, TokenPair pair, TokenId joined) {
    Word& word = words_[number];
    TokenId* symbols = symbols_.data() + word.begin;
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < word.length; ++i) {
      if (i + 1 == word.length || symbols[i] != pair.left || symbols[i + 1] != pair.right) {
        symbols[kept++] = symbols[i];
        continue;
      }
      if (kept > 0) {
        decrease({symbols[kept - 1], pair.left}, number);
        increase({symbols[kept - 1], joined}, number);
      }
      if (i + 2 < word.length) {
        decrease({pair.right, symbols[i + 2]}, number);
        increase({joined, symbols[i + 2]}, number);
      }
      symbols[kept++] = joined;
      ++i;
    }
    word.length = kept;
  }

  BpeSettings settings_;
  TrainedBpe trained_;
  TokenMap ids_;
  std::array<TokenId, 256> byte_ids_{};
  std::vector<Word> words_;
  std::vector<TokenId> symbols_;
  PairTable<std::uint32_t> places_;  // 1 + place in pairs_
  std::vector<Pair> pairs_;
  std::vector<std::uint32_t> increased_;
  std::uint32_t merge_number_ = 1;
  std::priority_queue<Candidate> queue_;
};

[[nodiscard]] inline TrainedBpe train_bpe(const WordCounts& words, const BpeSettings& settings,
                                          const ProgressReport& report = {}) {
  return BpeTrainer{words, settings}.run(report);
}

// The tokenizer: GPT-2's words, bytes, decoder.
[[nodiscard]] inline PipelineParts byte_level_parts(const TrainedBpe& trained) {
  PipelineParts parts;
  BytePairs pairs;
  for (std::size_t id = 0; id < trained.tokens.size(); ++id) {
    pairs.vocabulary.emplace_back(trained.tokens[id], static_cast<TokenId>(id));
    if (id < trained.special_tokens) parts.added_tokens.push_back({.content = trained.tokens[id], .special = true});
  }
  for (const auto& [left, right] : trained.merges)
    pairs.merges.emplace_back(trained.tokens[static_cast<std::size_t>(left)], trained.tokens[static_cast<std::size_t>(right)]);
  parts.model = std::move(pairs);
  parts.pre_tokenizers.push_back(ByteLevel{.prefix_space = false, .split = true});
  parts.decoders.push_back(DecodeBytes{});
  return parts;
}

[[nodiscard]] inline Json tokenizer_json(const TrainedBpe& trained) {
  const auto byte_level = [](bool trim) {
    return Json{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", trim}, {"use_regex", true}};
  };
  Json added = Json::array();
  for (std::size_t id = 0; id < trained.special_tokens; ++id) {
    added.push_back({{"id", id},
                     {"content", trained.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  // Straight into the object's list: it would look for an equal key otherwise, once for each token.
  Json vocabulary = Json::object();
  for (std::size_t id = 0; id < trained.tokens.size(); ++id)
    vocabulary.get_ref<Json::object_t&>().Json::object_t::Container::emplace_back(trained.tokens[id], id);
  Json merges = Json::array();
  for (const auto& [left, right] : trained.merges)
    merges.push_back(trained.tokens[static_cast<std::size_t>(left)] + ' ' + trained.tokens[static_cast<std::size_t>(right)]);
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", std::move(added)},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level(true)},
          {"post_processor", byte_level(false)},
          {"decoder", byte_level(true)},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", std::move(vocabulary)},
            {"merges", std::move(merges)}}}};
}

}  // namespace rondo
