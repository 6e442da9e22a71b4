// Held-out loss of a text: how well a model predicts every token of every document.
//
//   loss = -(1/N) sum log p(x_t | before it in its document),   perplexity = e^loss,   bits per byte = N loss / (bytes log 2)
//
// A document is predicted in windows of at most `window` tokens, each with a fresh state that is first fed the last token of the
// window before, so that every token but a document's first is predicted once. With a token that begins texts (the end-of-text
// token of the document before it) the first is predicted as well. Throws Error for a window below 1 and where nothing is
// predicted; `progress` is told the tokens predicted so far after each of the scorer's passes, and may end the measurement by an
// exception.
//
// The standard error is that of a ratio estimate (rondo/evaluate/ratio_estimate.hpp) over documents. Where there are fewer than
// 20 of them it is over blocks of 1000 tokens of a document (its last block may be shorter), if those are at least five; a single
// document with less text has no error.
//
// Windows of a token file, all or a sample: rondo/evaluate/held_out_windows.hpp.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include <rondo/evaluate/ratio_estimate.hpp>
#include <rondo/evaluate/scorer.hpp>

namespace rondo {

struct HeldOutLoss {
  static constexpr Index few_documents = 20, few_blocks = 5, block_tokens = 1000;
  double loss = 0;            // nats per token
  double standard_error = 0;  // of the loss, over `units`
  Index units = 0;            // 1: there is no error
  bool over_blocks = false;   // the units are blocks of tokens, not documents
  Index tokens = 0;           // predicted
  Index documents = 0;
  Index windows = 0;
  Index all_windows = 0;      // of the text that they were drawn from; 0: unknown
  double bytes = 0;           // of the text; 0: unknown
  [[nodiscard]] double perplexity() const { return std::exp(loss); }
  [[nodiscard]] double bits_per_byte() const {
    return bytes > 0 ? static_cast<double>(tokens) * loss / (bytes * std::numbers::ln2) : 0;
  }
  [[nodiscard]] bool has_error() const { return units > 1; }
  // What the error is over: "67 documents".
  [[nodiscard]] std::string error_over() const {
    return std::to_string(units) + (over_blocks ? " blocks of " + std::to_string(block_tokens) + " tokens" : " documents");
  }
  [[nodiscard]] std::string error_text() const {
    return has_error() ? "standard error over " + error_over() : "one document: no error";
  }
};

// A piece of a document.
struct HeldOutWindow {
  Index document = 0;       // its number; windows come in any order
  Index begin = 0;          // of the first token to predict in its document
  double bytes = 0;         // of the text that the window stands for
  std::vector<Token> text;  // the token before, then those to predict; below two tokens: there is none
};

// Fills in the next window; false at the end.
using NextWindow = std::function<bool(HeldOutWindow& window)>;

inline HeldOutLoss held_out_loss(TextScorer& scorer, const NextWindow& next,
                                 const std::function<void(Index predicted)>& progress = {}) {
  struct Document {
    RatioUnit whole;
    std::map<Index, RatioUnit> blocks;
  };
  struct Owner {
    Document* document;
    Index begin;
  };
  constexpr std::size_t windows_a_pass = 512;
  HeldOutLoss result;
  std::map<Index, Document> documents;
  std::vector<std::vector<Token>> texts;
  std::vector<Owner> places;
  Index predicted = 0;
  const auto flush = [&] {
    const auto add = [&](std::size_t text, std::span<const float> values) {
      const auto [document, begin] = places[text];
      for (std::size_t t = 0; t < values.size(); ++t) {
        const auto loss = -static_cast<double>(values[t]);
        RatioUnit& block = document->blocks[(begin + static_cast<Index>(t)) / HeldOutLoss::block_tokens];
        block.y += loss;
        block.x += 1;
        document->whole.y += loss;
      }
      document->whole.x += static_cast<double>(values.size());
      predicted += std::ssize(values);
    };
    scorer.each(texts, add, [&](Index) {
      if (progress) progress(predicted);
    });
    texts.clear();
    places.clear();
  };
  Index open = -1, open_end = 0;
  for (HeldOutWindow window; next(window); window.text.clear()) {
    // Windows that follow one another go together.
    if (texts.size() >= windows_a_pass && (window.document != open || window.begin != open_end)) flush();
    const Index size = std::max<Index>(std::ssize(window.text) - 1, 0);
    open = window.document;
    open_end = window.begin + size;
    result.bytes += window.bytes;
    Document& document = documents[window.document];
    if (size == 0) continue;
    ++result.windows;
    texts.push_back(window.text);
    places.push_back({&document, window.begin});
  }
  flush();
  result.tokens = predicted;
  require(result.tokens > 0, "held-out loss: the text has no token to predict");
  result.documents = std::ssize(documents);
  std::vector<RatioUnit> whole, blocks;
  for (const auto& [number, document] : documents) {
    if (document.whole.x > 0) whole.push_back(document.whole);
    for (const auto& [place, block] : document.blocks) blocks.push_back(block);
  }
  result.over_blocks = std::ssize(whole) < HeldOutLoss::few_documents && std::ssize(blocks) >= HeldOutLoss::few_blocks &&
                       blocks.size() > whole.size();
  result.loss = ratio_estimate(whole).ratio;
  const RatioEstimate estimate = ratio_estimate(result.over_blocks ? blocks : whole);
  result.standard_error = estimate.error;
  result.units = estimate.units;
  return result;
}

// Fills in a document's tokens and returns its bytes, or a negative number at the end.
using NextText = std::function<double(std::vector<Token>& document)>;

inline HeldOutLoss held_out_loss(TextScorer& scorer, const NextText& next, Index window, Token begin_of_text,
                                 const std::function<void(Index predicted)>& progress = {}) {
  require(window > 0, "held-out loss: a window must have at least 1 token, found ", window);
  std::vector<Token> text;
  Index document = -1, begin = 0;
  const Index before = begin_of_text >= 0 ? 1 : 0;
  const auto next_window = [&](HeldOutWindow& piece) {
    piece.bytes = 0;
    if (document < 0 || begin + 1 >= std::ssize(text)) {
      text.clear();
      piece.bytes = next(text);
      if (piece.bytes < 0) return false;
      if (before > 0) text.insert(text.begin(), begin_of_text);
      ++document;
      begin = 0;
    }
    piece.document = document;
    piece.begin = begin + 1 - before;
    const Index end = std::min(std::ssize(text), begin + window + 1);
    piece.text.assign(text.begin() + begin, text.begin() + end);
    begin += window;
    return true;
  };
  return held_out_loss(scorer, next_window, progress);
}

}  // namespace rondo
