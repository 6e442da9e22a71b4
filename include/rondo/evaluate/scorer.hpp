// Scorer: log-probabilities of given texts.
//
//   log p(x_t | x_1 .. x_{t-1})   for every token but the first of each text; log-softmax in float32
//
//   Scorer<Hgrn2, Cpu> scorer{model, weights};                            // a TextScorer, which names no model
//   scorer.each(texts, [](std::size_t text, std::span<const float> log_probabilities) { ... });
//   std::vector<float> sums = scorer.sums(texts);
//
// Texts are packed, longest first, about `batch_tokens` tokens a pass, each as a sequence of its own: no padding. A text of fewer
// than two tokens has no log-probabilities and the sum 0. Throws Error for an id outside the vocabulary.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include <rondo/model/evaluation.hpp>

namespace rondo {

class TextScorer {
 public:
  using Text = std::vector<Token>;
  using Visit = std::function<void(std::size_t text, std::span<const float> log_probabilities)>;
  using TokensDone = std::function<void(Index tokens)>;

  virtual ~TextScorer() = default;
  // visit(number of the text, its log-probabilities), in an order of the scorer's choice; progress(tokens done) after each pass.
  virtual void each(std::span<const Text> texts, const Visit& visit, const TokensDone& progress = {}) = 0;

  [[nodiscard]] std::vector<float> sums(std::span<const Text> texts, const TokensDone& progress = {}) {
    std::vector<float> result(texts.size(), 0.0F);
    each(texts, [&](std::size_t text, std::span<const float> values) {
      result[text] = std::accumulate(values.begin(), values.end(), 0.0F);
    }, progress);
    return result;
  }
};

// The scorer of any model on a back-end.
template <class Backend>
class ScorerOn : public TextScorer {
 public:
  using Scalar = typename Backend::Scalar;

  ScorerOn(std::unique_ptr<const Evaluation<Backend>> model, Index batch_tokens)
      : model_(std::move(model)), batch_tokens_(batch_tokens) {
    require(batch_tokens > 0, "scorer: a pass must have at least 1 token, found ", batch_tokens);
  }

  void each(std::span<const Text> texts, const Visit& visit, const TokensDone& progress = {}) override {
    std::vector<std::size_t> order(texts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a].size() > texts[b].size(); });
    Index done = 0;
    for (std::size_t first = 0; first < order.size();) {
      std::size_t last = first;
      Index tokens = 0;
      while (last < order.size() && (last == first || tokens + std::ssize(texts[order[last]]) <= batch_tokens_))
        tokens += std::ssize(texts[order[last++]]);
      pass(texts, std::span(order).subspan(first, last - first), tokens, visit);
      first = last;
      done += tokens;
      if (progress) progress(done);
    }
  }

 private:
  void pass(std::span<const Text> texts, std::span<const std::size_t> chosen, Index tokens, const Visit& visit) {
    ids_.clear();
    labels_.clear();
    sequences_.clear();
    for (const std::size_t number : chosen) {
      const Text& text = texts[number];
      for (const Token id : text)
        require(id >= 0 && id < model_->shape().vocabulary, "text ", number, ": token id ", id, " is outside the vocabulary of ",
                model_->shape().vocabulary);
      sequences_.push_back({std::ssize(ids_), std::ssize(text), 0});
      ids_.insert(ids_.end(), text.begin(), text.end());
      if (!text.empty()) {
        labels_.insert(labels_.end(), text.begin() + 1, text.end());
        labels_.push_back(no_label);  // nothing follows
      }
    }
    if (tokens == 0) return;
    c_.begin(sequences_, tokens);
    auto mark = c_.mark();
    const View<Scalar> hidden = c_.matrix(tokens, model_->shape().width);
    const View<Scalar> result = c_.matrix(1, tokens);
    model_->hidden(c_, Tokens{ids_.data(), 1, tokens}, hidden);
    const Index block = std::min<Index>(tokens, 512);
    const View<Scalar> logits = c_.matrix(block, model_->shape().vocabulary);
    for (Index begin = 0; begin < tokens; begin += block) {
      const Index rows = std::min(block, tokens - begin);
      model_->uncapped_logits(c_, hidden.middle_rows(begin, rows), logits.middle_rows(0, rows));
      c_.log_probability(logits.middle_rows(0, rows), Tokens{labels_.data() + begin, 1, rows}, model_->shape().logit_soft_cap,
                         result.middle_columns(begin, rows));
    }
    log_probabilities_.assign(result.data, result.data + tokens);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Sequence& sequence = sequences_[i];
      visit(chosen[i], std::span<const float>(log_probabilities_.data() + sequence.begin,
                                              static_cast<std::size_t>(std::max<Index>(sequence.length - 1, 0))));
    }
  }

  std::unique_ptr<const Evaluation<Backend>> model_;
  Index batch_tokens_;
  typename Backend::Context c_;
  std::vector<Token> ids_, labels_;
  std::vector<Sequence> sequences_;
  std::vector<float> log_probabilities_;
};

// The weights must outlive the scorer.
template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Scorer : public ScorerOn<Backend> {
 public:
  Scorer(const Model& model, const Parameters<Model, Backend, Storage>& weights, Index batch_tokens = 4096)
      : ScorerOn<Backend>(std::make_unique<EvaluationOf<Model, Backend, Storage>>(model, weights), batch_tokens) {}
};

}  // namespace rondo
