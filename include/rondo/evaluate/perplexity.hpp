// Held-out loss of a text: how well a model predicts every token of every document.
//
//   loss = -(1/N) sum log p(x_t | before it in its document),   perplexity = e^loss,   bits per byte = N loss / (bytes log 2)
//
// A document is predicted in windows of at most `window` tokens, each with a fresh state that is first fed the last token of the
// window before, so that every token but a document's first is predicted once. With a token that begins texts (the end-of-text
// token of the document before it) the first is predicted as well. The standard error is over documents, of their summed
// losses as a ratio estimate: sqrt(sum (L_d - loss N_d)^2) / N. Throws Error for a window below 1 and where nothing is predicted;
// `progress` is told the tokens predicted so far after each of the scorer's passes, and may end the measurement by an exception.
#pragma once

#include <cmath>
#include <functional>
#include <numbers>
#include <span>
#include <vector>

#include <rondo/evaluate/scorer.hpp>

namespace rondo {

struct HeldOutLoss {
  double loss = 0;            // nats per token
  double standard_error = 0;  // of the loss
  Index tokens = 0;           // predicted
  Index documents = 0;
  double bytes = 0;           // of the text; 0: unknown
  [[nodiscard]] double perplexity() const { return std::exp(loss); }
  [[nodiscard]] double bits_per_byte() const {
    return bytes > 0 ? static_cast<double>(tokens) * loss / (bytes * std::numbers::ln2) : 0;
  }
};

// Fills in a document's tokens and returns its bytes, or a negative number at the end.
using NextText = std::function<double(std::vector<Token>& document)>;

inline HeldOutLoss held_out_loss(TextScorer& scorer, const NextText& next, Index window, Token begin_of_text,
                                 const std::function<void(Index predicted)>& progress = {}) {
  struct Document {
    double loss = 0;
    Index tokens = 0;
  };
  require(window > 0, "held-out loss: a window must have at least 1 token, found ", window);
  constexpr std::size_t pieces_a_pass = 512;
  HeldOutLoss result;
  std::vector<Document> documents;
  std::vector<std::vector<Token>> pieces;
  std::vector<std::size_t> owner;
  Index predicted = 0;
  const auto flush = [&] {
    const auto add = [&](std::size_t piece, std::span<const float> values) {
      for (const float value : values) documents[owner[piece]].loss -= static_cast<double>(value);
      documents[owner[piece]].tokens += std::ssize(values);
      predicted += std::ssize(values);
    };
    scorer.each(pieces, add, [&](Index) {
      if (progress) progress(predicted);
    });
    pieces.clear();
    owner.clear();
  };
  std::vector<Token> text;
  for (double bytes = next(text); bytes >= 0; bytes = next(text)) {
    result.bytes += bytes;
    if (begin_of_text >= 0) text.insert(text.begin(), begin_of_text);
    documents.emplace_back();
    for (std::size_t begin = 0; begin + 1 < text.size(); begin += static_cast<std::size_t>(window)) {
      const std::size_t end = std::min(text.size(), begin + static_cast<std::size_t>(window) + 1);
      pieces.emplace_back(text.begin() + static_cast<Index>(begin), text.begin() + static_cast<Index>(end));
      owner.push_back(documents.size() - 1);
    }
    if (pieces.size() >= pieces_a_pass) flush();
    text.clear();
  }
  flush();
  double sum = 0, squares = 0;
  for (const Document& document : documents) {
    sum += document.loss;
    result.tokens += document.tokens;
  }
  require(result.tokens > 0, "held-out loss: the text has no token to predict");
  result.documents = std::ssize(documents);
  result.loss = sum / static_cast<double>(result.tokens);
  for (const Document& document : documents) {
    const double difference = document.loss - result.loss * static_cast<double>(document.tokens);
    squares += difference * difference;
  }
  result.standard_error = std::sqrt(squares) / static_cast<double>(result.tokens);
  return result;
}

}  // namespace rondo
