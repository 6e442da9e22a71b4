// Batches: rows x length tokens at a time out of a source of documents, in a seeded order that is another each epoch.
//
//   Batches batches{tokens, {.rows = 8, .length = 256, .seed = Seed{1}}};
//   Batch batch;
//   while (batches.next(batch)) ...                  // without end, unless .epochs says otherwise
//   batches.seek(position);                          // go on exactly where batches.position() was
//   batches.resize(4, 64);                           // from here on batches of another size, at most the options'
//
// Units (rondo/data/packing.hpp) are drawn in the order of a permutation keyed by seed and epoch; windows are shifted by another
// number of tokens each epoch. An epoch's last batch is filled up from the next epoch, the last epoch's with padding rows.
// The place in the data is three numbers: epoch, units drawn, tokens taken of the unit that is open; units are those of the options' length
// whatever the rows' is, so they mean the same for batches of any size. next() and resize() allocate nothing.
//
// Ranks that train together share the rows of a batch: rank r of n draws rows [r rows / n, (r + 1) rows / n) and passes over the others.
// Their place in the data is the same, however many they are.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <rondo/core/random.hpp>
#include <rondo/data/packing.hpp>
#include <rondo/data/shuffling.hpp>

namespace rondo {

struct BatchOptions {
  Index rows = 8;  // of all ranks
  Index length = 256;
  Packing packing = Packing::documents;
  bool shuffled = true;
  Index epochs = 0;  // 0: without end
  Seed seed{};
  Index rank = 0, ranks = 1;
};

// Where in the data the next batch begins.
struct DataPosition {
  Index epoch = 0;
  Index unit = 0;    // units of the epoch that are used up
  Index offset = 0;  // tokens of the next one that are used up
  friend constexpr bool operator==(const DataPosition&, const DataPosition&) = default;
};

// Documents in memory.
class MemoryTokens {
 public:
  struct Begin {
    Index tokens = 0, words = 0;
  };
  // Some tokens in a row.
  struct Run {
    const Token* data;
    Index size;
    [[nodiscard]] Run middle(Index begin, Index count) const { return {data + begin, count}; }
    void copy(Token* to) const { std::copy_n(data, size, to); }
  };

  explicit MemoryTokens(Index vocabulary, Token end_of_text = -1) : vocabulary_(vocabulary), end_of_text_(end_of_text) {}
  void add(const std::vector<Token>& document, Index words = 0) {
    for (const Token token : document)
      require(token >= 0 && token < vocabulary_, "documents: token ", token, " is outside the vocabulary of ", vocabulary_);
    tokens_.insert(tokens_.end(), document.begin(), document.end());
    begins_.push_back({tokens(), begins_.back().words + words});
  }
  [[nodiscard]] Index vocabulary() const { return vocabulary_; }
  [[nodiscard]] Token end_of_text() const { return end_of_text_; }
  [[nodiscard]] Index tokens() const { return std::ssize(tokens_); }
  [[nodiscard]] Index documents() const { return std::ssize(begins_) - 1; }
  [[nodiscard]] const Begin& begin_of(Index document) const { return begins_[static_cast<std::size_t>(document)]; }
  [[nodiscard]] Run all() const { return {tokens_.data(), tokens()}; }

 private:
  Index vocabulary_;
  Token end_of_text_;
  std::vector<Token> tokens_;
  std::vector<Begin> begins_{{}};
};

template <TokenSource Source>
class Batches {
 public:
  // The source must outlive the batches.
  Batches(const Source& source, const BatchOptions& options)
      : source_(&source), options_(options), cutting_(source, options.packing, options.length), order_(1, {}) {
    require(options.rows > 0, "batches: rows must be at least 1, found ", options.rows);
    require(options.epochs >= 0, "batches: epochs must be at least 0, found ", options.epochs);
    require(options.rank >= 0 && options.rank < options.ranks, "batches: rank ", options.rank, " of ", options.ranks);
    const auto tokens = static_cast<std::size_t>((options.rows + options.ranks - 1) / options.ranks * options.length);
    ids_.resize(tokens);
    labels_.resize(tokens);
    following_.resize(static_cast<std::size_t>(options.length) + 1);
    sequences_.reserve(tokens);
    resize(options.rows, options.length);
    enter_epoch();
  }

  [[nodiscard]] const BatchOptions& options() const { return options_; }
  [[nodiscard]] const Source& source() const { return *source_; }
  [[nodiscard]] Extent extent() const { return {rows_ * length_, rows_}; }
  // Of the batches that are drawn from here on; rows of all ranks.
  void resize(Index rows, Index length) {
    require(rows >= options_.ranks && rows <= options_.rows, "batches: ", rows, " rows for ", options_.ranks, " ranks; at most ",
            options_.rows, " were planned");
    require(length > 0 && length <= options_.length, "batches: rows of ", length, " tokens; at most ", options_.length, " were planned");
    all_rows_ = rows, length_ = length;
    first_ = options_.rank * rows / options_.ranks;
    rows_ = (options_.rank + 1) * rows / options_.ranks - first_;
  }
  [[nodiscard]] DataPosition position() const { return position_; }
  void seek(const DataPosition& position) {
    position_ = position;
    enter_epoch();
    require(position.epoch >= 0 && position.unit >= 0 && position.unit <= units_ && position.offset >= 0 &&
                position.offset < options_.length,
            "batches: no such place in the data: epoch ", position.epoch, ", unit ", position.unit, " of ", units_, ", offset ",
            position.offset);
  }

  // False after the last epoch, for all ranks alike: at its end some may have padding alone. What the batch views is valid until the
  // next one is drawn.
  bool next(Batch& batch) {
    sequences_.clear();
    batch.tokens = batch.words = 0;
    Index drawn = 0;  // by all ranks
    for (Index row = 0; row < all_rows_; ++row) drawn += fill_row(batch, row - first_);
    batch.ids = Tokens{ids_.data(), 1, rows_ * length_};
    batch.labels = Tokens{labels_.data(), 1, rows_ * length_};
    batch.sequences = sequences_;
    return drawn > 0;
  }

 private:
  void enter_epoch() {
    const RandomKey key = key_of(options_.seed, "order of the data").at(position_.epoch);
    shift_ =
        options_.shuffled ? static_cast<Index>(below(key, ~std::uint64_t{0}, static_cast<std::uint64_t>(options_.length))) : 0;
    units_ = cutting_.units(shift_);
    order_ = Permutation{units_, key};
  }
  [[nodiscard]] bool at_end() {
    if (position_.unit == units_ && (options_.epochs == 0 || position_.epoch + 1 < options_.epochs)) {
      ++position_.epoch;
      position_.unit = 0;
      enter_epoch();
    }
    return position_.unit == units_;
  }

  // The tokens that were drawn for a row; for those of other ranks nothing but the place in the data moves.
  Index fill_row(Batch& batch, Index row) {
    const bool own = row >= 0 && row < rows_;
    const Index first = row * length_, end = first + length_;
    Index begin = first;
    while (begin < end && !at_end()) {
      const Piece whole = cutting_.unit(options_.shuffled ? order_(position_.unit) : position_.unit, shift_);
      const Index from = whole.begin + position_.offset;
      const Index count = std::min(end - begin, whole.end - from);
      if (own) {
        put(begin, from, count, whole);
        sequences_.push_back({begin, count, 0, from + (labels_follow() ? 1 : 0)});
        batch.tokens += count;
        batch.words += cutting_.words_before(from + count) - cutting_.words_before(from);
      }
      begin += count;
      position_.offset += count;
      if (from + count == whole.end) {
        ++position_.unit;
        position_.offset = 0;
      }
    }
    if (own) {
      std::fill(ids_.begin() + begin, ids_.begin() + end, Token{0});
      std::fill(labels_.begin() + begin, labels_.begin() + end, no_label);
    }
    return begin - first;
  }
  // Whether a token's label is the one after it; where a token stands before each document the label is that token itself.
  [[nodiscard]] bool labels_follow() const { return options_.packing != Packing::documents || source_->end_of_text() < 0; }
  // Inputs and labels of `count` tokens from `from` on.
  void put(Index row, Index from, Index count, const Piece& whole) {
    const auto all = source_->all();
    Index labelled = count;
    if (!labels_follow()) {
      following_[0] = source_->end_of_text();
      const Index before = from > whole.first ? 1 : 0;
      all.middle(from - before, count + before).copy(following_.data() + 1 - before);
    } else {
      labelled = std::min(count, whole.last - from - 1);
      all.middle(from, std::min(count + 1, whole.last - from)).copy(following_.data());
    }
    std::copy_n(following_.begin(), count, ids_.begin() + row);
    std::copy_n(following_.begin() + 1, labelled, labels_.begin() + row);
    std::fill(labels_.begin() + row + labelled, labels_.begin() + row + count, no_label);
  }

  const Source* source_;
  BatchOptions options_;
  Index all_rows_ = 0, length_ = 0;
  Index first_ = 0, rows_ = 0;  // of this rank
  Cutting cutting_;
  Permutation order_;
  DataPosition position_;
  Index units_ = 0;
  Index shift_ = 0;
  std::vector<Token> ids_, labels_, following_;
  std::vector<Sequence> sequences_;
};

}  // namespace rondo
