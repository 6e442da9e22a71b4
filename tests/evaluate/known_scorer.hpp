// A TextScorer without a model, whose numbers are known.
#pragma once

#include <functional>
#include <vector>

#include <rondo/evaluate/scorer.hpp>

namespace rondo::test {

// log p(text[t] | text[0 .. t-1]) = probability(text, t); keeps the texts it was asked for.
class KnownScorer : public TextScorer {
 public:
  using LogProbability = std::function<float(const Text& text, std::size_t t)>;
  explicit KnownScorer(LogProbability log_probability) : log_probability_(std::move(log_probability)) {}

  // The last text first: the order is a scorer's own.
  void each(std::span<const Text> texts, const Visit& visit, const TokensDone& progress = {}) override {
    ++passes;
    Index done = 0;
    for (std::size_t i = texts.size(); i-- > 0;) {
      asked.push_back(texts[i]);
      std::vector<float> values;
      for (std::size_t t = 1; t < texts[i].size(); ++t) values.push_back(log_probability_(texts[i], t));
      visit(i, values);
      done += std::ssize(texts[i]);
      if (progress) progress(done);
    }
  }

  std::vector<Text> asked;
  int passes = 0;

 private:
  LogProbability log_probability_;
};

}  // namespace rondo::test
