// TextClassifier: class scores of given texts, of any classifier (rondo/model/classifier.hpp).
//
//   TextClassifier<Model, Cpu> classifier{model, weights};                  // a ClassScorer, which names no model
//   std::vector<double> logits = classifier.logits(texts);                  // [texts, classes], row after row
//   std::vector<Index> classes = predictions(logits, classifier.classes());
//
// Texts are packed, longest first, about `batch_tokens` tokens a pass, each as a sequence of its own: no padding. Throws Error for a text
// without tokens and for an id outside the vocabulary.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <rondo/backend/host_copy.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/evaluate/text_packs.hpp>
#include <rondo/layer/layer.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

class ClassScorer {
 public:
  using Text = std::vector<Token>;
  using TokensDone = std::function<void(Index tokens)>;
  virtual ~ClassScorer() = default;
  [[nodiscard]] virtual Index classes() const = 0;
  [[nodiscard]] virtual std::vector<double> logits(std::span<const Text> texts, const TokensDone& progress = {}) = 0;
};

// The largest class score of each row; of equal ones the first.
[[nodiscard]] inline std::vector<Index> predictions(std::span<const double> logits, Index classes) {
  std::vector<Index> result;
  for (auto row = logits.begin(); row != logits.end(); row += classes)
    result.push_back(std::max_element(row, row + classes) - row);
  return result;
}

// The scorer of any classifier on a back-end; what depends on the model is virtual.
template <class Backend>
class ClassScorerOn : public ClassScorer {
 public:
  using Context = typename Backend::Context;

  [[nodiscard]] std::vector<double> logits(std::span<const Text> texts, const TokensDone& progress = {}) override;

 protected:
  ClassScorerOn(Index batch_tokens, std::shared_ptr<Context> context);
  ~ClassScorerOn() override;
  [[nodiscard]] virtual const Shape& shape() const = 0;
  [[nodiscard]] virtual Index pooled_row(const Sequence& text) const = 0;
  virtual void hidden(Context& c, Out<Context> hidden) const = 0;                        // of the context's ids, [tokens, width]
  virtual void scores(Context& c, In<Context> pooled, Out<Context> scores) const = 0;  // [texts, width] -> [texts, classes]

 private:
  void pass(const TextPack& pack, std::vector<double>& logits);

  Index batch_tokens_;
  std::shared_ptr<Context> context_;
  HostCopy<Context> host_copy_;
};

template <class Backend>
ClassScorerOn<Backend>::ClassScorerOn(Index batch_tokens, std::shared_ptr<Context> context)
    : batch_tokens_(batch_tokens), context_(std::move(context)) {}
template <class Backend>
ClassScorerOn<Backend>::~ClassScorerOn() = default;

template <class Backend>
std::vector<double> ClassScorerOn<Backend>::logits(std::span<const Text> texts, const TokensDone& progress) {
  std::vector<double> result(texts.size() * static_cast<std::size_t>(classes()));
  TextPack pack;
  each_pack(texts, batch_tokens_, [&](std::span<const std::size_t> chosen, Index done) {
    pack.fill(texts, chosen, shape().vocabulary);
    pass(pack, result);
    if (progress) progress(done);
  });
  return result;
}

template <class Backend>
void ClassScorerOn<Backend>::pass(const TextPack& pack, std::vector<double>& logits) {
  for (std::size_t i = 0; i < pack.sequences.size(); ++i)
    require(pack.sequences[i].length > 0, "text ", pack.texts[i], ": it has no tokens");
  auto& c = *context_;
  [[maybe_unused]] const auto threads = c.threads_of_scoring(pack.tokens().columns);
  c.begin(pack.sequences, pack.tokens());
  auto mark = c.mark();
  const Out<Context> all = c.matrix(pack.tokens().columns, shape().width);
  hidden(c, all);
  const Index count = std::ssize(pack.sequences);
  const auto rows = c.numbers(count, [&](Index i) { return pooled_row(pack.sequences[static_cast<std::size_t>(i)]); });
  const Out<Context> pooled = c.matrix(count, all.columns), result = c.matrix(count, classes());
  c.gather_rows(rows, all, pooled);
  scores(c, pooled, result);
  const auto values = host_copy_(c, result);
  for (Index i = 0; i < count; ++i)
    std::copy_n(values.row(i), classes(), logits.begin() + static_cast<Index>(pack.texts[static_cast<std::size_t>(i)]) * classes());
}

// The weights must outlive it; a context may be shared.
template <class Model, class Backend, class Storage = typename Backend::Scalar>
class TextClassifier : public ClassScorerOn<Backend> {
 public:
  using typename ClassScorerOn<Backend>::Context;

  TextClassifier(const Model& model, const Parameters<Model, Backend, Storage>& weights, Index batch_tokens = 4096,
                 std::shared_ptr<Context> context = std::make_shared<Context>())
      : ClassScorerOn<Backend>(batch_tokens, std::move(context)), model_(model), weights_(&weights) {}

  [[nodiscard]] Index classes() const override { return model_.outputs(); }

 private:
  [[nodiscard]] const Shape& shape() const override { return model_.shape(); }
  [[nodiscard]] Index pooled_row(const Sequence& text) const override { return model_.pooling().row(text); }
  void hidden(Context& c, Out<Context> hidden) const override { model_.evaluate(c, weights_->record(), hidden, {}); }
  void scores(Context& c, In<Context> pooled, Out<Context> scores) const override {
    model_.logits(c, weights_->record(), pooled, scores);
  }

  Model model_;
  const Parameters<Model, Backend, Storage>* weights_;
};

}  // namespace rondo
