// The held-out loss of a token file: the same windows, and so the same number, wherever it is measured.
//
//   HeldOutLoss loss = held_out_loss(scorer, HeldOutWindows{file, 256});                    all of it, in order
//   HeldOutLoss loss = held_out_loss(scorer, HeldOutWindows{file, 256, {.tokens = 50000}}); windows drawn until so many tokens
//   are given
//
// A window is at most `window` tokens of one document and the token before them; before a document stands the end-of-text token,
// or where the file has none its own first token, which is then not predicted. The sample is the same each time: it is drawn by a
// permutation of all windows that depends on their number alone.
#pragma once

#include <algorithm>
#include <vector>

#include <rondo/data/shuffling.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/evaluate/perplexity.hpp>

namespace rondo {

struct HeldOutPart {
  Index tokens = 0;     // 0: all
  Index documents = 0;  // the first so many; 0: all
};

class HeldOutWindows {
 public:
  // The file must outlive the windows.
  HeldOutWindows(const TokenFile& file, Index window, const HeldOutPart& part = {})
      : file_(&file), window_(window), order_(1, RandomKey{0}), tokens_left_(part.tokens) {
    require(window > 0, "held-out loss: a window must have at least 1 token, found ", window);
    const Index documents = part.documents > 0 ? std::min(part.documents, file.documents()) : file.documents();
    for (Index d = 0; d < documents; ++d)
      first_.push_back(first_.back() + std::max<Index>(1, (predicted_of(d) + window - 1) / window));
    drawn_ = part.tokens > 0 && part.tokens < begin_of(documents) - documents * unpredicted();
    if (drawn_) order_ = Permutation(all(), RandomKey{0});
  }

  [[nodiscard]] Index all() const { return first_.back(); }
  [[nodiscard]] Index tokens() const { return begin_of(std::ssize(first_) - 1); }

  bool next(HeldOutWindow& piece) {
    if (next_ == all() || (drawn_ && tokens_left_ <= 0)) return false;
    const Index number = drawn_ ? order_(next_) : next_;
    ++next_;
    const auto after = std::upper_bound(first_.begin(), first_.end(), number);
    piece.document = after - first_.begin() - 1;
    const Index begin = unpredicted() + (number - after[-1]) * window_, first = begin_of(piece.document);
    const Index end = std::min(begin + window_, begin_of(piece.document + 1) - first);
    piece.begin = begin;
    piece.bytes = bytes_before(piece.document, end) - (number == after[-1] ? 0 : bytes_before(piece.document, begin));
    piece.text.clear();
    const Index before = begin > 0 ? 1 : 0;
    if (before == 0) piece.text.push_back(file_->end_of_text());
    const auto place = piece.text.size();
    piece.text.resize(place + static_cast<std::size_t>(end - begin + before));
    file_->all().middle(first + begin - before, end - begin + before).copy(piece.text.data() + place);
    tokens_left_ -= end - begin;
    return true;
  }

 private:
  // Tokens at the beginning of a document.
  [[nodiscard]] Index unpredicted() const { return file_->end_of_text() >= 0 ? 0 : 1; }
  [[nodiscard]] Index begin_of(Index document) const { return static_cast<Index>(file_->begin_of(document).tokens); }
  [[nodiscard]] Index predicted_of(Index document) const { return begin_of(document + 1) - begin_of(document) - unpredicted(); }
  // Whole bytes, spread evenly over a document's tokens.
  [[nodiscard]] double bytes_before(Index document, Index token) const {
    const auto bytes = static_cast<double>(file_->begin_of(document + 1).bytes - file_->begin_of(document).bytes);
    const Index tokens = begin_of(document + 1) - begin_of(document);
    return token == tokens ? bytes : std::floor(bytes * static_cast<double>(token) / static_cast<double>(tokens));
  }

  const TokenFile* file_;
  Index window_;
  std::vector<Index> first_{0};  // window of each document; the last is their number
  Permutation order_;
  Index tokens_left_;
  bool drawn_ = false;
  Index next_ = 0;
};

inline HeldOutLoss held_out_loss(TextScorer& scorer, HeldOutWindows windows,
                                 const std::function<void(Index predicted)>& progress = {}) {
  HeldOutLoss result = held_out_loss(scorer, NextWindow([&](HeldOutWindow& window) { return windows.next(window); }), progress);
  result.all_windows = windows.all();
  return result;
}

}  // namespace rondo
