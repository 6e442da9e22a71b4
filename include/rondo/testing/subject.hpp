// Subjects: layers in the one form that the laws are written for.
//
//   forward (c, w, x, y, saved, carried),   backward(c, w, x, dy, dx, saved, dw, carried)
//   x, dx [tokens, in]; y, dy [tokens, out]
//
//   subject(RmsNorm{16, 1e-6}, 16, 16)               any layer, with its numbers of channels
//   subject<GatedMlp<Silu>>(shape)                   a mixer, a channel mixer or a block, with what all blocks share
//   EmbeddingOf{embedding, shape}                    an embedding: ids in (as numbers, x [tokens, 1]), vectors out
//   LogitsOf{model}                                  a language model: ids in (as numbers, x [tokens, 1]), logits out
//   EvaluatedLogitsOf{model}                         the same through evaluate(); forward alone
//   LossOf{model, objective}                         ids and labels in (x [tokens, 2]), the loss out (y [1, 1])
//
// Layers may leave out the arguments that they have no use for (a norm takes no `carried`, a linear map no `saved`).
// A subject says by `draw` what its inputs look like, by `per_token` whether row t of y belongs to row t of x, and by
// `reads_tokens` whether x holds tokens instead of numbers that it has a derivative by; these it finds in the context's batch.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <rondo/core/arena.hpp>
#include <rondo/core/math.hpp>
#include <rondo/core/random.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/layer.hpp>
#include <rondo/objective/objective.hpp>

namespace rondo::testing {

template <class Layer, class Shared = NothingShared>
class Subject {
 public:
  static constexpr bool per_token = true;
  static constexpr bool reads_tokens = false;

  Subject(Layer layer, Index in, Index out) : Subject(std::move(layer), in, out, NothingShared{Shape{}, 0}, 0) {}
  // Block `block` of a stack whose blocks share `shared`.
  Subject(Layer layer, Index in, Index out, Shared shared, Index block)
      : layer_(std::move(layer)), shared_(std::move(shared)), in_(in), out_(out), block_(block) {}

  template <class S>
  struct Weights {
    typename Layer::template Weights<S> layer;
    typename Shared::template Weights<S> shared;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", layer_, w.layer...), inside("shared", shared_, w.shared...)); }
  template <class S>
  struct Saved {
    typename Layer::template Saved<S> layer;
    typename Shared::template Saved<S> shared;
  };
  auto saved_leaves(Extent, auto&... s) const {
    return leaves(inside("", layer_, s.layer...), inside("shared", shared_, s.shared...));
  }
  template <class S>
  using State = typename Layer::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return layer_.state_leaves(extent, s...); }

  [[nodiscard]] Index in() const { return in_; }
  [[nodiscard]] Index out() const { return out_; }
  [[nodiscard]] Index output_rows(Index tokens) const { return tokens; }
  [[nodiscard]] double draw(RandomKey key, std::uint64_t number, Index) const { return normal_number(key, number); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const CarriedFor<Layer, C>& carried) const {
    shared_.forward(c, w.shared, saved.shared);
    const HandedFor<Layer, C> handed{carried, shared_.template share<Out<C>>(saved.shared, block_)};
    if constexpr (requires { layer_.forward(c, w.layer, x, y, saved.layer, handed); })
      layer_.forward(c, w.layer, x, y, saved.layer, handed);
    else if constexpr (requires { layer_.forward(c, w.layer, x, y, saved.layer); })
      layer_.forward(c, w.layer, x, y, saved.layer);
    else if constexpr (requires { layer_.forward(c, w.layer, x, y, handed); })
      layer_.forward(c, w.layer, x, y, handed);
    else
      layer_.forward(c, w.layer, x, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const CarriedGradientFor<Layer, C>& carried) const {
    const HandedGradientFor<Layer, C> handed{carried, shared_.template share<Out<C>>(saved.shared, block_)};
    if constexpr (requires { layer_.backward(c, w.layer, x, dy, dx, saved.layer, dw.layer, handed); })
      layer_.backward(c, w.layer, x, dy, dx, saved.layer, dw.layer, handed);
    else if constexpr (requires { layer_.backward(c, w.layer, x, dy, dx, saved.layer, dw.layer); })
      layer_.backward(c, w.layer, x, dy, dx, saved.layer, dw.layer);
    else if constexpr (requires { layer_.backward(c, w.layer, x, dy, dx, dw.layer, handed); })
      layer_.backward(c, w.layer, x, dy, dx, dw.layer, handed);
    else
      layer_.backward(c, w.layer, x, dy, dx, dw.layer);
    shared_.backward(c, w.shared, saved.shared, dw.shared);
  }

 private:
  Layer layer_;
  Shared shared_;
  Index in_, out_, block_;
};

template <class Layer>
auto subject(Layer layer, Index in, Index out) {
  return Subject<Layer>(std::move(layer), in, out);
}
// Block number `block` of a stack of Shape::depth; `more` are further arguments of the layer's constructor.
template <class Layer>
auto subject(const Shape& shape, Index block = 0, auto... more) {
  using Shared = typename Layer::Shared;
  Layer layer(shape, block, more...);
  const Index in = [&] {
    if constexpr (requires { layer.in(); }) return layer.in();
    return shape.width;
  }();
  return Subject<Layer, Shared>(std::move(layer), in, shape.width, Shared(shape, shape.depth), block);
}

template <class EmbeddingType>
class EmbeddingOf {
 public:
  static constexpr bool per_token = true;
  static constexpr bool reads_tokens = true;
  EmbeddingOf(EmbeddingType embedding, const Shape& shape)
      : embedding_(std::move(embedding)), vocabulary_(shape.vocabulary), width_(shape.embedding()) {}

  template <class S>
  using Weights = typename EmbeddingType::template Weights<S>;
  auto weight_leaves(auto&... w) const { return embedding_.weight_leaves(w...); }
  template <class S>
  using Saved = typename EmbeddingType::template Saved<S>;
  auto saved_leaves(Extent extent, auto&... s) const { return embedding_.saved_leaves(extent, s...); }
  template <class S>
  using State = typename EmbeddingType::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return embedding_.state_leaves(extent, s...); }

  [[nodiscard]] Index in() const { return 1; }
  [[nodiscard]] Index out() const { return width_; }
  [[nodiscard]] Index output_rows(Index tokens) const { return tokens; }
  [[nodiscard]] double draw(RandomKey key, std::uint64_t number, Index) const {
    return static_cast<double>(below(key, number, static_cast<std::uint64_t>(vocabulary_)));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C>, Out<C> y, const auto&, const auto&) const {
    embedding_.forward(c, w, y);
  }
  template <class C>
  void backward(C& c, const auto&, In<C>, In<C> dy, Out<C> dx, const auto&, const auto& dw, const auto&) const {
    embedding_.backward(c, dy, dw);
    c.zero(dx);
  }

 private:
  EmbeddingType embedding_;
  Index vocabulary_, width_;
};

template <class Model>
class LogitsOf {
 public:
  static constexpr bool per_token = true;
  static constexpr bool reads_tokens = true;
  explicit LogitsOf(Model model) : model_(std::move(model)) {}

  template <class S>
  using Weights = typename Model::template Weights<S>;
  auto weight_leaves(auto&... w) const { return model_.weight_leaves(w...); }
  template <class S>
  struct Saved {
    typename Model::template Saved<S> model;
    S hidden;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("model", model_, s.model...), buffer("hidden", {extent.tokens, model_.shape().width}, s.hidden...));
  }
  template <class S>
  using State = typename Model::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return model_.state_leaves(extent, s...); }

  [[nodiscard]] Index in() const { return 1; }
  [[nodiscard]] Index out() const { return model_.outputs(); }
  [[nodiscard]] Index output_rows(Index tokens) const { return tokens; }
  [[nodiscard]] double draw(RandomKey key, std::uint64_t number, Index) const {
    return static_cast<double>(below(key, number, static_cast<std::uint64_t>(model_.shape().vocabulary)));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C>, Out<C> y, const auto& saved, const CarriedFor<Model, C>& carried) const {
    model_.forward(c, w, saved.hidden, saved.model, carried);
    model_.logits(c, w, saved.hidden, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const CarriedGradientFor<Model, C>& carried) const {
    auto mark = c.mark();
    const Out<C> d_hidden = c.matrix(x.rows, model_.shape().width);
    model_.logits_backward(c, w, saved.hidden, dy, d_hidden, dw);
    model_.backward(c, w, d_hidden, saved.model, dw, carried);
    c.zero(dx);
  }

 protected:
  Model model_;
};

template <class Model>
class EvaluatedLogitsOf : public LogitsOf<Model> {
 public:
  using LogitsOf<Model>::LogitsOf;
  template <class C>
  void forward(C& c, const auto& w, In<C>, Out<C> y, const auto& saved, const CarriedFor<Model, C>& carried) const {
    this->model_.evaluate(c, w, saved.hidden, carried);
    this->model_.logits(c, w, saved.hidden, y);
  }
};

// dy is the factor that the loss is multiplied by. One row in five has no label.
template <class Model, class Objective>
class LossOf : public LogitsOf<Model> {
 public:
  static constexpr bool per_token = false;
  LossOf(Model model, Objective objective) : LogitsOf<Model>(std::move(model)), objective_(std::move(objective)) {}

  [[nodiscard]] Index in() const { return 2; }
  [[nodiscard]] Index out() const { return 1; }
  [[nodiscard]] Index output_rows(Index) const { return 1; }
  [[nodiscard]] double draw(RandomKey key, std::uint64_t number, Index column) const {
    if (column == 0) return LogitsOf<Model>::draw(key, number, 0);
    if (number / 2 % 5 == 3) return number / 2 % 2 == 0 ? no_label : -1;
    return static_cast<double>(below(key, number, static_cast<std::uint64_t>(this->model_.outputs())));
  }

  // The gradients that come with a loss go to scratch in a forward pass.
  template <class C>
  void forward(C& c, const auto& w, In<C>, Out<C> y, const auto& saved, const CarriedFor<Model, C>& carried) const {
    auto mark = c.mark();
    const auto dw = c.template record<WideOut<C>>(WeightRecords{}, this->model_);
    const Pass pass = pass_of(c, w, saved);
    pass.forward(carried);
    c.fill(y, convert_element<typename C::Scalar>(c.read(pass.loss(1.0, dw).sum)));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C>, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const CarriedGradientFor<Model, C>& carried) const {
    auto mark = c.mark();
    typename C::Scalar factor{};
    c.download(dy, std::span{&factor, 1});
    const Pass pass = pass_of(c, w, saved);
    pass.loss(static_cast<double>(real_part(static_cast<Wide<typename C::Scalar>>(factor))), dw);
    pass.backward(dw, carried);
    c.zero(dx);
  }

 private:
  template <class C>
  auto pass_of(C& c, const auto& w, const auto& saved) const {
    return Pass{c, this->model_, w, objective_, saved.hidden, c.matrix(saved.hidden.rows, saved.hidden.columns), saved.model};
  }

  Objective objective_;
};

}  // namespace rondo::testing
