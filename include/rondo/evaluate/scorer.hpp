// Scorer: log-probabilities of given texts.
//
//   log p(x_t | x_1 .. x_{t-1})   for every token but the first of each text; log-softmax in float32
//
//   Scorer<Hgrn2, Cpu> scorer{model, weights};                            // a TextScorer, which names no model
//   scorer.each(texts, [](std::size_t text, std::span<const float> log_probabilities) { ... });
//   std::vector<float> sums = scorer.sums(texts);
//   TokenScores scores = scorer.token_scores(scored_texts);               // of chosen tokens; what texts share is computed once
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

#include <rondo/backend/host_copy.hpp>
#include <rondo/evaluate/shared_prefixes.hpp>
#include <rondo/evaluate/text_packs.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/objective/logit_blocks.hpp>

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

  // The scored tokens of texts, of which many may begin alike (shared_prefixes.hpp). A scorer that knows no states takes each text alone.
  [[nodiscard]] virtual TokenScores token_scores(std::span<const ScoredText> texts, const SharingOptions& options = {},
                                                 const SharedProgress& progress = {});
};

inline TokenScores TextScorer::token_scores(std::span<const ScoredText> texts, const SharingOptions& options,
                                            const SharedProgress& progress) {
  require(options.temperatures == std::vector{1.0}, "scorer: this one knows no temperature but 1");
  TokenScores scores{texts, 1};
  std::vector<Text> ids;
  Index all = 0;
  for (const ScoredText& text : texts) ids.push_back(text.ids), all += std::ssize(text.ids);
  each(
      ids,
      [&](std::size_t text, std::span<const float> values) {
        for (std::size_t t = 0; t < values.size(); ++t)
          if (texts[text].scored[t + 1] != 0) scores.set(text, 0, t + 1, values[t]);
      },
      [&](Index done) { if (progress) progress(done, all); });
  return scores;
}

// The scorer of any model on a back-end.
template <class Backend>
class ScorerOn : public TextScorer {
 public:
  using Scalar = typename Backend::Scalar;

  using Context = typename Backend::Context;

  ScorerOn(std::unique_ptr<const Evaluation<Backend>> model, Index batch_tokens, std::shared_ptr<Context> context);
  ~ScorerOn() override;

  void each(std::span<const Text> texts, const Visit& visit, const TokensDone& progress = {}) override;
  [[nodiscard]] TokenScores token_scores(std::span<const ScoredText> texts, const SharingOptions& options = {},
                                         const SharedProgress& progress = {}) override {
    return SharedPrefixes<Backend>{*context_, *model_, texts, batch_tokens_, options, progress}.scores();
  }

 private:
  void pass(const Visit& visit);  // of the texts that are packed

  std::unique_ptr<const Evaluation<Backend>> model_;
  Index batch_tokens_;
  std::shared_ptr<Context> context_;
  HostCopy<Context, Wide<Scalar>> host_copy_;
  TextPack pack_;
  std::vector<Token> labels_;
  std::vector<float> log_probabilities_;
};

template <class Backend>
ScorerOn<Backend>::ScorerOn(std::unique_ptr<const Evaluation<Backend>> model, Index batch_tokens, std::shared_ptr<Context> context)
    : model_(std::move(model)), batch_tokens_(batch_tokens), context_(std::move(context)) {
  require(batch_tokens > 0, "scorer: a pass must have at least 1 token, found ", batch_tokens);
}
template <class Backend>
ScorerOn<Backend>::~ScorerOn() = default;

template <class Backend>
void ScorerOn<Backend>::each(std::span<const Text> texts, const Visit& visit, const TokensDone& progress) {
  each_pack(texts, batch_tokens_, [&](std::span<const std::size_t> chosen, Index done) {
    pack_.fill(texts, chosen, model_->shape().vocabulary);
    if (!pack_.ids.empty()) pass(visit);
    if (progress) progress(done);
  });
}

template <class Backend>
void ScorerOn<Backend>::pass(const Visit& visit) {
  const Index tokens = std::ssize(pack_.ids);
  labels_.assign(pack_.ids.begin() + 1, pack_.ids.end());
  labels_.push_back(no_label);
  for (const Sequence& text : pack_.sequences)
    if (text.length > 0) labels_[static_cast<std::size_t>(text.begin + text.length - 1)] = no_label;  // nothing follows
  auto& c = *context_;
  [[maybe_unused]] const auto threads = c.threads_of_scoring(tokens);
  c.begin(pack_.sequences, pack_.tokens());
  auto mark = c.mark();
  const auto labels = c.placed(Tokens{labels_.data(), 1, tokens});
  const Out<Context> hidden = c.matrix(tokens, model_->shape().width);
  const WideOut<Context> result = c.wide(1, tokens);
  model_->hidden(c, hidden);
  each_block(c, tokens, 512, model_->outputs(), [&](Index begin, Out<Context> logits) {
    model_->uncapped_logits(c, hidden.middle_rows(begin, logits.rows), logits);
    c.log_probability(logits, labels.middle_columns(begin, logits.rows), model_->shape().logit_soft_cap,
                      result.middle_columns(begin, logits.rows));
  });
  const auto values = host_copy_(c, result);
  log_probabilities_.assign(values.data, values.data + tokens);
  for (std::size_t i = 0; i < pack_.texts.size(); ++i) {
    const Sequence& sequence = pack_.sequences[i];
    visit(pack_.texts[i], std::span<const float>(log_probabilities_.data() + sequence.begin,
                                            static_cast<std::size_t>(std::max<Index>(sequence.length - 1, 0))));
  }
}

// The weights must outlive the scorer; a context may be shared.
template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Scorer : public ScorerOn<Backend> {
 public:
  Scorer(const Model& model, const Parameters<Model, Backend, Storage>& weights, Index batch_tokens = 4096,
         std::shared_ptr<typename Backend::Context> context = std::make_shared<typename Backend::Context>())
      : ScorerOn<Backend>(std::make_unique<EvaluationOf<Model, Backend, Storage>>(model, weights), batch_tokens, std::move(context)) {}
};

}  // namespace rondo
