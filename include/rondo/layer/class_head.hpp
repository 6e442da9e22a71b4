// Heads that make class scores of a hidden vector:  x [n, width] -> logits [n, classes]
//
//   ScoreHead      logits = x W^T                                            transformers' ForSequenceClassification
//   MlpHead        logits = Dropout(Norm(Gelu(Norm(x) W1^T + b1))) W2^T + b2     BabyLM's evaluation pipeline of 2025
//   AnyClassHead   one of these, chosen at run time
//
// W [classes, width]; W1 [width, width], b1 [width], W2 [classes, width], b2 [classes]. Norm is LayerNorm without weights, epsilon 1e-5;
// Gelu is the exact one. Backward forms again what is between: heads see one row a sequence. dx is written, dw is added to.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include <rondo/core/activation.hpp>
#include <rondo/layer/dropout.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/norm.hpp>

namespace rondo {

struct ClassHeadOptions {
  Index classes = 2;
  double dropout = 0;  // between the two maps of an MlpHead
};

inline void check_class_head(const ClassHeadOptions& options) {
  require(options.classes > 0, "classifier: expected at least 1 class, found ", options.classes);
  require(options.dropout >= 0 && options.dropout < 1, "classifier: dropout must be in [0, 1), found ", options.dropout);
}

class ScoreHead : public RecordsOf<Linear<>> {
 public:
  static constexpr std::string_view name = "score";
  ScoreHead(const Shape& shape, const ClassHeadOptions& options)
      : RecordsOf<Linear<>>({shape.width, options.classes, normal(0.02), zeros(), Role::head}) {}
  [[nodiscard]] Index classes() const { return inner_.out(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> logits) const {
    inner_.forward(c, w, x, logits);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> d_logits, Out<C> dx, const auto& dw) const {
    inner_.backward(c, w, x, d_logits, dx, dw);
  }
};

class MlpHead : public PlainLayer, public NothingSaved, public NoState {
  using UnweightedLayerNorm = Norm<NormForm{.centred = true, .weighted = false}>;

 public:
  static constexpr std::string_view name = "mlp";
  MlpHead(const Shape& shape, const ClassHeadOptions& options)
      : norm_(shape.width, 1e-5),
        dense_(shape.width, shape.width, start(shape), start(shape)),
        dropout_(options.dropout, static_cast<std::uint64_t>(shape.depth * 8 + 1)),  // a trunk has those before
        out_(shape.width, options.classes, start(shape), start(shape), Role::head) {}
  [[nodiscard]] Index classes() const { return out_.out(); }

  template <class S>
  struct Weights {
    Linear<Bias::yes>::Weights<S> dense, out;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("dense", dense_, w.dense...), inside("out", out_, w.out...)); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> logits) const {
    auto mark = c.mark();
    out_.forward(c, w.out, between(c, w, x).dropped, logits);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> d_logits, Out<C> dx, const auto& dw) const {
    auto mark = c.mark();
    const Between<C> saved = between(c, w, x);
    const Out<C> d = c.matrix(x.rows, x.columns), d_active = c.matrix(x.rows, x.columns);
    out_.backward(c, w.out, saved.dropped, d_logits, d, dw.out);
    dropout_.apply(c, d);
    norm_.backward(c, no_weights, saved.active, d, d_active, saved.second, no_weights);
    c.template map_gradient<Gelu>(saved.before, d_active, d_active);
    dense_.backward(c, w.dense, saved.normed, d_active, d, dw.dense);
    norm_.backward(c, no_weights, x, d, dx, saved.first, no_weights);
  }

 private:
  static constexpr NoWeights::Weights<AnyStorage> no_weights{};
  static Initial start(const Shape& shape) { return uniform(1 / std::sqrt(static_cast<double>(shape.width))); }

  // What is between input and logits, in scratch.
  template <class C>
  struct Between {
    UnweightedLayerNorm::Saved<Out<C>> first, second;
    Out<C> normed, before, active, dropped;
  };
  template <class C>
  Between<C> between(C& c, const auto& w, In<C> x) const {
    const SavedRecords rows{Extent{x.rows, 1}};
    Between<C> result{c.record(rows, norm_),          c.record(rows, norm_),          c.matrix(x.rows, x.columns),
                      c.matrix(x.rows, x.columns), c.matrix(x.rows, x.columns), c.matrix(x.rows, x.columns)};
    norm_.forward(c, no_weights, x, result.normed, result.first);
    dense_.template forward_map<Gelu>(c, w.dense, result.normed, result.before, result.active);
    norm_.forward(c, no_weights, result.active, result.dropped, result.second);
    dropout_.apply(c, result.dropped);
    return result;
  }

  UnweightedLayerNorm norm_;
  Linear<Bias::yes> dense_;
  Dropout dropout_;
  Linear<Bias::yes> out_;
};

class AnyClassHead : public PlainLayer, public NothingSaved, public NoState {
 public:
  using Choice = std::variant<ScoreHead, MlpHead>;
  explicit AnyClassHead(Choice head) : choice_(std::move(head)) {}
  [[nodiscard]] Index classes() const {
    return std::visit([](const auto& head) { return head.classes(); }, choice_);
  }

  template <class S>
  struct Weights {
    std::variant<ScoreHead::Weights<S>, MlpHead::Weights<S>> choice;
  };
  auto weight_leaves(auto&... w) const { return leaves(chosen(choice_, w.choice...)); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> logits) const {
    if (const auto* score = std::get_if<ScoreHead>(&choice_))
      score->forward(c, std::get<0>(w.choice), x, logits);
    else
      std::get<MlpHead>(choice_).forward(c, std::get<1>(w.choice), x, logits);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> d_logits, Out<C> dx, const auto& dw) const {
    if (const auto* score = std::get_if<ScoreHead>(&choice_))
      score->backward(c, std::get<0>(w.choice), x, d_logits, dx, std::get<0>(dw.choice));
    else
      std::get<MlpHead>(choice_).backward(c, std::get<1>(w.choice), x, d_logits, dx, std::get<1>(dw.choice));
  }

 private:
  Choice choice_;
};

}  // namespace rondo
