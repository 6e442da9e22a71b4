// TextBatches: labelled texts, so many a step, in an order that is another each epoch.
//
//   TextBatches batches{texts, [](const Sequence& text) { return text.begin + text.length - 1; }, {.rows = 64, .seed = Seed{12}}};
//   Batch batch;
//   while (batches.next(batch)) ...               // without end
//   batches.steps_per_epoch();
//
// A batch is one row of tokens, text after text: no padding, each a sequence of its own, its label in the row that the classifier's pooling
// says (rondo/layer/pooling.hpp). The texts of an epoch's last step are those that are left, or are left out (`whole`). A step may be
// handed out in parts, which the trainer adds up (TrainingOptions::accumulate): a part without a text is a token without a label.
// The place in the data is epoch and texts drawn, between two steps.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include <rondo/core/random.hpp>
#include <rondo/data/batches.hpp>

namespace rondo {

struct LabelledText {
  std::vector<Token> ids;
  Token label = no_label;
};

struct TextBatchOptions {
  Index rows = 32;      // texts a step
  Index parts = 1;      // of a step
  bool whole = false;   // steps of `rows` texts alone
  bool shuffled = true;
  Seed seed{};
};

class TextBatches {
 public:
  using LabelRow = std::function<Index(const Sequence& text)>;

  // The texts must outlive the batches.
  TextBatches(std::span<const LabelledText> texts, LabelRow label_row, const TextBatchOptions& options)
      : texts_(texts), label_row_(std::move(label_row)), options_(options), order_(1, {}) {
    require(options.rows > 0, "texts: a step must have at least 1, found ", options.rows);
    require(options.parts > 0, "texts: a step must have at least 1 part, found ", options.parts);
    require(steps_per_epoch() > 0, "texts: expected at least ", options.whole ? options.rows : 1, ", found ", texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) require(!texts[i].ids.empty(), "texts: text ", i, " has no tokens");
    enter_epoch();
  }

  [[nodiscard]] Index steps_per_epoch() const {
    return options_.whole ? std::ssize(texts_) / options_.rows : (std::ssize(texts_) + options_.rows - 1) / options_.rows;
  }
  [[nodiscard]] DataPosition position() const { return position_; }
  void seek(const DataPosition& position) {
    require(position.epoch >= 0 && position.unit >= 0 && position.unit <= std::ssize(texts_) && position.offset == 0,
            "texts: no such place: epoch ", position.epoch, ", text ", position.unit, " of ", texts_.size());
    position_ = position;
    part_ = 0;
    enter_epoch();
  }

  // Always true. What the batch views is valid until the next one is drawn.
  bool next(Batch& batch) {
    if (part_ == 0 && position_.unit + (options_.whole ? options_.rows : 1) > std::ssize(texts_)) {
      position_ = {position_.epoch + 1, 0, 0};
      enter_epoch();
    }
    const Index count = std::min(options_.rows, std::ssize(texts_) - position_.unit);
    const Index begin = position_.unit + count * part_ / options_.parts, end = position_.unit + count * (part_ + 1) / options_.parts;
    ids_.clear(), labels_.clear(), sequences_.clear();
    for (Index i = begin; i < end; ++i) append(texts_[static_cast<std::size_t>(options_.shuffled ? order_(i) : i)]);
    batch.tokens = std::ssize(ids_);
    batch.words = 0;
    if (begin == end) append(nothing);
    batch.ids = {ids_.data(), 1, std::ssize(ids_)};
    batch.labels = {labels_.data(), 1, std::ssize(labels_)};
    batch.sequences = sequences_;
    if (++part_ == options_.parts) {
      part_ = 0;
      position_.unit += count;
    }
    return true;
  }

 private:
  inline static const LabelledText nothing{{0}, no_label};

  void enter_epoch() { order_ = Permutation{std::ssize(texts_), key_of(options_.seed, "order of the data").at(position_.epoch)}; }
  void append(const LabelledText& text) {
    sequences_.push_back({std::ssize(ids_), std::ssize(text.ids), 0});
    ids_.insert(ids_.end(), text.ids.begin(), text.ids.end());
    labels_.resize(ids_.size(), no_label);
    labels_[static_cast<std::size_t>(label_row_(sequences_.back()))] = text.label;
  }

  std::span<const LabelledText> texts_;
  LabelRow label_row_;
  TextBatchOptions options_;
  Permutation order_;
  DataPosition position_;
  Index part_ = 0;  // of the step that is open
  std::vector<Token> ids_, labels_;
  std::vector<Sequence> sequences_;
};

}  // namespace rondo
