// AnyObjective<Backend>: an objective of any kind for the passes of any model, so that a program's trainers have one type and objectives
// are compiled once for a back-end.
//
//   AnyObjective<Cpu> objective = any_objective<Cpu>(Distillation{ForwardKl{}, teacher});
//   Trainer trainer{model, weights, AdamW{}, Cosine{}, objective};
//
// The objective inside sees a pass as it would without: pass.model with uncapped_logits and its backward, the hidden vectors, streams and
// taps; of the weights the projections of a model that has them (rondo/model/with_projections.hpp).
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>

#include <rondo/backend/options.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/layer/head.hpp>
#include <rondo/objective/objective.hpp>

namespace rondo {

// Weights of a model whose type is put aside, or their gradients: what an objective may ask for beside the head.
template <class V>
struct AnyWeights {
  std::span<const WeightAndBias<V, Bias::chosen>> projections;
};

// The model of a pass.
template <class C>
class PassModel {
 public:
  virtual ~PassModel() = default;
  [[nodiscard]] virtual const Shape& shape() const = 0;
  [[nodiscard]] virtual Index outputs() const = 0;
  [[nodiscard]] virtual In<C> stream(Index block) const = 0;
  [[nodiscard]] virtual Out<C> tap(Index block) const = 0;
  virtual void uncapped_logits(C& c, const AnyWeights<Out<C>>&, In<C> hidden, Out<C> logits) const = 0;
  virtual void uncapped_logits_backward(C& c, const AnyWeights<Out<C>>&, In<C> hidden, In<C> d_logits, Out<C> d_hidden,
                                        const AnyWeights<WideOut<C>>&) const = 0;
  static constexpr bool in_parts = true;
  virtual void uncapped_logits_part(C& c, const AnyWeights<Out<C>>&, In<C> hidden, Index first, Out<C> logits) const = 0;
  virtual void uncapped_logits_part_backward(C& c, const AnyWeights<Out<C>>&, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden,
                                             Onto onto, const AnyWeights<WideOut<C>>&) const = 0;
};

// Views that an objective has prepared.
class AnyPrepared {
 public:
  template <class T>
  void put(const T& views) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= capacity && alignof(T) <= alignof(std::max_align_t),
                  "rondo: what an objective prepares is some views of scratch");
    std::memcpy(bytes_.data(), &views, sizeof(T));
  }
  template <class T>
  [[nodiscard]] const T& get() const {
    return *std::launder(reinterpret_cast<const T*>(bytes_.data()));
  }

 private:
  static constexpr std::size_t capacity = 1024;
  alignas(std::max_align_t) std::array<std::byte, capacity> bytes_{};
};

template <class C>
struct AnyPass {
  const PassModel<C>& model;
  const AnyPrepared& prepared;
  Out<C> hidden, d_hidden;
  AnyWeights<Out<C>> w;
  AnyWeights<WideOut<C>> dw;
};

// What c.sum gives.
template <class C>
using TotalOf = decltype(std::declval<C&>().sum(std::declval<WideIn<C>>()));

template <class C>
class ObjectiveOn {
 public:
  virtual ~ObjectiveOn() = default;
  virtual void check() const = 0;
  [[nodiscard]] virtual BlockSet taps() const = 0;
  [[nodiscard]] virtual AnyPrepared prepare(C& c) const = 0;
  virtual Losses<TotalOf<C>> gradient(C& c, const AnyPass<C>& pass, double scale) const = 0;
};

template <class C, Objective ObjectiveType>
class ObjectiveOf final : public ObjectiveOn<C> {
  using Prepared = decltype(prepared_by(std::declval<const ObjectiveType&>(), std::declval<C&>()));

 public:
  explicit ObjectiveOf(ObjectiveType objective) : objective_(std::move(objective)) {}

  void check() const override { objective_.check(); }
  [[nodiscard]] BlockSet taps() const override { return taps_of(objective_); }
  [[nodiscard]] AnyPrepared prepare(C& c) const override {
    AnyPrepared result;
    result.put(prepared_by(objective_, c));
    return result;
  }
  Losses<TotalOf<C>> gradient(C& c, const AnyPass<C>& pass, double scale) const override {
    const struct {
      const PassModel<C>& model;
      const Prepared& prepared;
      Out<C> hidden, d_hidden;
      [[nodiscard]] In<C> stream(Index block) const { return model.stream(block); }
      [[nodiscard]] Out<C> tap(Index block) const { return model.tap(block); }
    } seen{pass.model, pass.prepared.template get<Prepared>(), pass.hidden, pass.d_hidden};
    return objective_.gradient(c, pass.w, seen, scale, pass.dw);
  }

 private:
  ObjectiveType objective_;
};

template <class Backend>
class AnyObjective {
  using C = typename Backend::Context;

 public:
  explicit AnyObjective(std::shared_ptr<const ObjectiveOn<C>> objective) : objective_(std::move(objective)) {}

  void check() const { objective_->check(); }
  [[nodiscard]] BlockSet taps() const { return objective_->taps(); }
  [[nodiscard]] AnyPrepared prepare(C& c) const { return objective_->prepare(c); }
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    const Seen seen{pass, w, dw};
    AnyPass<C> any{seen, pass.prepared, pass.hidden, pass.d_hidden, {}, {}};
    if constexpr (requires { w.projections; }) any.w = {w.projections}, any.dw = {dw.projections};
    return objective_->gradient(c, any, scale);
  }

 private:
  template <class P, class W, class DW>
  struct Seen final : PassModel<C> {
    const P& pass;
    const W& w;
    const DW& dw;
    Seen(const P& pass_, const W& w_, const DW& dw_) : pass(pass_), w(w_), dw(dw_) {}
    [[nodiscard]] const Shape& shape() const override { return pass.model.shape(); }
    [[nodiscard]] Index outputs() const override { return pass.model.outputs(); }
    [[nodiscard]] In<C> stream(Index block) const override { return pass.stream(block); }
    [[nodiscard]] Out<C> tap(Index block) const override { return pass.tap(block); }
    void uncapped_logits(C& c, const AnyWeights<Out<C>>&, In<C> hidden, Out<C> logits) const override {
      pass.model.uncapped_logits(c, w, hidden, logits);
    }
    void uncapped_logits_backward(C& c, const AnyWeights<Out<C>>&, In<C> hidden, In<C> d_logits, Out<C> d_hidden,
                                  const AnyWeights<WideOut<C>>&) const override {
      pass.model.uncapped_logits_backward(c, w, hidden, d_logits, d_hidden, dw);
    }
    void uncapped_logits_part(C& c, const AnyWeights<Out<C>>&, In<C> hidden, Index first, Out<C> logits) const override {
      if constexpr (InParts<std::remove_cvref_t<decltype(pass.model)>>)
        pass.model.uncapped_logits_part(c, w, hidden, first, logits);
      else
        throw error("objective: the model's head cannot be asked for a part of its ", outputs(), " outputs");
    }
    void uncapped_logits_part_backward(C& c, const AnyWeights<Out<C>>&, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden,
                                       Onto onto, const AnyWeights<WideOut<C>>&) const override {
      if constexpr (InParts<std::remove_cvref_t<decltype(pass.model)>>)
        pass.model.uncapped_logits_part_backward(c, w, hidden, first, d_logits, d_hidden, onto, dw);
    }
  };

  std::shared_ptr<const ObjectiveOn<C>> objective_;
};

template <class Backend, Objective ObjectiveType>
[[nodiscard]] AnyObjective<Backend> any_objective(ObjectiveType objective) {
  return AnyObjective<Backend>{std::make_shared<ObjectiveOf<typename Backend::Context, ObjectiveType>>(std::move(objective))};
}

}  // namespace rondo
