// AnyModel<Contexts...>: a model - or a trunk, which has no outputs - of any composition, its type put aside: what surrounds models
// (trainers, sessions, scorers, classifiers) is then one type, and compiled once for all compositions.
//
//   using HostModel = AnyModel<Cpu::Context, Reference<double>::Context, Trace::Context>;      rondo/model/host_model.hpp
//   const HostModel model{std::make_shared<const Hgrn2>(shape), make};                         make(other shape): the same composition
//   Parameters<HostModel, Cpu> weights{model, Seed{1}};                                        names and numbers are those of Hgrn2
//
// It is a model as any other: records with their lists, forward, evaluate, backward, logits. A record of it holds one of the composition's
// own, which the first walk makes; a pass over a batch is one virtual call. Records are walked one at a time, and moved, not copied.
// What is compiled for each composition is ModelPassesOf for each of the contexts, and nothing else.
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rondo/combinator/taps.hpp>
#include <rondo/layer/head.hpp>

namespace rondo {

// A record of views V of a composition that only the passes know: a pointer to it.
template <class V>
class AnyRecord {
 public:
  template <class Record>
  [[nodiscard]] Record& made() const {
    if (!record_) record_ = {new Record{}, [](void* record) { delete static_cast<Record*>(record); }};
    return *static_cast<Record*>(record_.get());
  }
  template <class Record>
  [[nodiscard]] const Record& get() const {
    return *static_cast<const Record*>(record_.get());
  }
  template <class Record>
  [[nodiscard]] static const Record* of(const AnyRecord* record) {
    return record ? &record->template get<Record>() : nullptr;
  }

 private:
  mutable std::unique_ptr<void, void (*)(void*)> record_{nullptr, nullptr};
};

// What else there is to walk where a context's memory is a device's: weights in float, where activations are stored in fewer bits; records
// of the host's views, which sizes are read off.
template <class C, bool on_device = C::place == Place::device>
class DeviceWalks {};
template <class C>
class DeviceWalks<C, true> {
 public:
  using Listed = AnyRecord<View<float>>;
  using ListedVisitor = LeafVisitor<View<float>>;

  virtual ~DeviceWalks() = default;
  virtual void each_wide_leaf(const WeightRecords& kind, const Path& path, const AnyRecord<WideOut<C>>& record,
                              const LeafVisitor<WideOut<C>>& visit) const = 0;
  virtual void each_listed_leaf(const WeightRecords& kind, const Path& path, const Listed& record, const ListedVisitor& visit) const = 0;
  virtual void each_listed_leaf(const SavedRecords& kind, const Path& path, const Listed& record, const ListedVisitor& visit) const = 0;
  virtual void each_listed_leaf(const StateRecords& kind, const Path& path, const Listed& record, const ListedVisitor& visit) const = 0;
};

// What a model does on a context.
template <class C>
class ModelPasses : public DeviceWalks<C> {
 public:
  using Record = AnyRecord<Out<C>>;
  using Visitor = LeafVisitor<Out<C>>;

  virtual ~ModelPasses() = default;
  virtual void each_leaf(const WeightRecords& kind, const Path& path, const Record& record, const Visitor& visit) const = 0;
  virtual void each_leaf(const SavedRecords& kind, const Path& path, const Record& record, const Visitor& visit) const = 0;
  virtual void each_leaf(const StateRecords& kind, const Path& path, const Record& record, const Visitor& visit) const = 0;

  virtual void forward(C& c, const Record& w, Out<C> hidden, const Record& saved, const Carried<Record>& carried) const = 0;
  virtual void evaluate(C& c, const Record& w, Out<C> hidden, const Carried<Record>& carried) const = 0;
  virtual void backward(C& c, const Record& w, In<C> d_hidden, const Record& saved, const AnyRecord<WideOut<C>>& dw,
                        const CarriedGradient<Record>& carried, const Taps<C>& taps) const = 0;
  [[nodiscard]] virtual Out<C> stream(const Record& saved, Index block) const = 0;
  // Outputs [first, first + logits.columns); a head that cannot be asked for parts takes all.
  virtual void logits(C& c, const Record& w, In<C> hidden, Index first, Out<C> logits) const = 0;
  virtual void logits_backward(C& c, const Record& w, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                               const AnyRecord<WideOut<C>>& dw) const = 0;
};

template <class Model, class C>
class ModelPassesOf final : public ModelPasses<C> {
  using typename ModelPasses<C>::Record;
  using typename ModelPasses<C>::Visitor;
  using Weights = typename Model::template Weights<Out<C>>;
  using Gradients = typename Model::template Weights<WideOut<C>>;
  using Saved = typename Model::template Saved<Out<C>>;
  using State = typename Model::template State<Out<C>>;
  static constexpr bool has_head = requires(const Model& model) { model.outputs(); };

 public:
  explicit ModelPassesOf(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  void each_leaf(const WeightRecords& kind, const Path& path, const Record& record, const Visitor& visit) const override {
    walk(kind, *model_, path, visit, record.template made<Weights>());
  }
  void each_leaf(const SavedRecords& kind, const Path& path, const Record& record, const Visitor& visit) const override {
    walk(kind, *model_, path, visit, record.template made<Saved>());
  }
  void each_leaf(const StateRecords& kind, const Path& path, const Record& record, const Visitor& visit) const override {
    walk(kind, *model_, path, visit, record.template made<State>());
  }

  // Those of DeviceWalks, where there are any.
  void each_wide_leaf(const WeightRecords& kind, const Path& path, const AnyRecord<WideOut<C>>& record,
                      const LeafVisitor<WideOut<C>>& visit) const {
    walk(kind, *model_, path, visit, record.template made<Gradients>());
  }
  void each_listed_leaf(const WeightRecords& kind, const Path& path, const AnyRecord<View<float>>& record,
                        const LeafVisitor<View<float>>& visit) const {
    walk(kind, *model_, path, visit, record.template made<typename Model::template Weights<View<float>>>());
  }
  void each_listed_leaf(const SavedRecords& kind, const Path& path, const AnyRecord<View<float>>& record,
                        const LeafVisitor<View<float>>& visit) const {
    walk(kind, *model_, path, visit, record.template made<typename Model::template Saved<View<float>>>());
  }
  void each_listed_leaf(const StateRecords& kind, const Path& path, const AnyRecord<View<float>>& record,
                        const LeafVisitor<View<float>>& visit) const {
    walk(kind, *model_, path, visit, record.template made<typename Model::template State<View<float>>>());
  }

  void forward(C& c, const Record& w, Out<C> hidden, const Record& saved, const Carried<Record>& carried) const override {
    model_->forward(c, w.template get<Weights>(), hidden, saved.template get<Saved>(), typed(carried));
  }
  void evaluate(C& c, const Record& w, Out<C> hidden, const Carried<Record>& carried) const override {
    model_->evaluate(c, w.template get<Weights>(), hidden, typed(carried));
  }
  void backward(C& c, const Record& w, In<C> d_hidden, const Record& saved, const AnyRecord<WideOut<C>>& dw,
                const CarriedGradient<Record>& carried, const Taps<C>& taps) const override {
    model_->backward(c, w.template get<Weights>(), d_hidden, saved.template get<Saved>(), dw.template get<Gradients>(),
                     CarriedGradient<State>{Record::template of<State>(carried.initial), Record::template of<State>(carried.d_final),
                                            Record::template of<State>(carried.d_initial)},
                     taps);
  }
  [[nodiscard]] Out<C> stream(const Record& saved, Index block) const override {
    if constexpr (has_head)
      return model_->trunk().stream(saved.template get<Saved>(), block);
    else
      return model_->stream(saved.template get<Saved>(), block);
  }

  void logits(C& c, const Record& w, In<C> hidden, Index first, Out<C> logits) const override {
    if constexpr (InParts<Model>) {
      model_->uncapped_logits_part(c, w.template get<Weights>(), hidden, first, logits);
    } else if constexpr (has_head) {
      require_all(logits.columns);
      model_->uncapped_logits(c, w.template get<Weights>(), hidden, logits);
    }
  }
  void logits_backward(C& c, const Record& w, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                       const AnyRecord<WideOut<C>>& dw) const override {
    if constexpr (InParts<Model>) {
      model_->uncapped_logits_part_backward(c, w.template get<Weights>(), hidden, first, d_logits, d_hidden, onto,
                                            dw.template get<Gradients>());
    } else if constexpr (has_head) {
      require_all(d_logits.columns);
      model_->uncapped_logits_backward(c, w.template get<Weights>(), hidden, d_logits, d_hidden, dw.template get<Gradients>());
    }
  }

 private:
  static Carried<State> typed(const Carried<Record>& carried) {
    return {Record::template of<State>(carried.initial), Record::template of<State>(carried.final)};
  }
  void require_all(Index outputs) const {
    require(outputs == model_->outputs(), "model: its head cannot be asked for a part of its ", model_->outputs(), " outputs");
  }

  std::shared_ptr<const Model> model_;
};

// The list entry of a record that passes know.
template <class Model, class... Members>
struct AnyEntry {
  const Model& model;
  MembersOf<Members...> members;
};
template <class Kind, class Visit, class Model, class Member>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const AnyEntry<Model, Member>& entry) {
  entry.members.give_to([&]<class V>(const AnyRecord<V>& record) { entry.model.each_leaf(kind, path, record, visit); });
}

template <class... Contexts>
class AnyModel {
 public:
  using Make = AnyModel (*)(const Shape&);

  template <class Model>
  AnyModel(const std::shared_ptr<const Model>& model, Make make)
      : shape_(model->shape()),
        make_(make),
        passes_{std::shared_ptr<const ModelPasses<Contexts>>{
            static_cast<const ModelPasses<Contexts>*>(new ModelPassesOf<Model, Contexts>(model))}...} {
    if constexpr (requires { model->outputs(); }) outputs_ = model->outputs();
  }

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] Index outputs() const { return outputs_; }
  [[nodiscard]] const AnyModel& trunk() const { return *this; }
  // What makes the same composition, and names it.
  [[nodiscard]] Make maker() const { return make_; }
  // The same composition.
  [[nodiscard]] AnyModel with_shape(const Shape& shape) const { return make_(shape); }

  template <class V>
  struct Weights {
    AnyRecord<V> record;
  };
  auto weight_leaves(auto&... w) const { return leaves(entry(w.record...)); }
  template <class V>
  struct Saved {
    AnyRecord<V> record;
  };
  auto saved_leaves(Extent, auto&... s) const { return leaves(entry(s.record...)); }
  template <class V>
  struct State {
    AnyRecord<V> record;
  };
  auto state_leaves(Extent, auto&... s) const { return leaves(entry(s.record...)); }

  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, const Carried<State<Out<C>>>& carried) const {
    on<C>().forward(c, w.record, hidden, saved.record, carried.at(&State<Out<C>>::record));
  }
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, const Carried<State<Out<C>>>& carried) const {
    on<C>().evaluate(c, w.record, hidden, carried.at(&State<Out<C>>::record));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw, const CarriedGradient<State<Out<C>>>& carried,
                const Taps<C>& taps = {}) const {
    on<C>().backward(c, w.record, d_hidden, saved.record, dw.record, carried.at(&State<Out<C>>::record), taps);
  }
  template <class V>
  [[nodiscard]] V stream(const Saved<V>& saved, Index block) const {
    return passes_with<V>().stream(saved.record, block);
  }

  template <class C>
  void logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    uncapped_logits(c, w, hidden, logits);
    if (shape_.logit_soft_cap > 0) c.soft_cap(shape_.logit_soft_cap, logits, logits);
  }
  template <class C>
  void uncapped_logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    on<C>().logits(c, w.record, hidden, 0, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    on<C>().logits_backward(c, w.record, hidden, 0, d_logits, d_hidden, Onto::write, dw.record);
  }
  static constexpr bool in_parts = true;
  template <class C>
  void uncapped_logits_part(C& c, const auto& w, In<C> hidden, Index first, Out<C> logits) const {
    on<C>().logits(c, w.record, hidden, first, logits);
  }
  template <class C>
  void uncapped_logits_part_backward(C& c, const auto& w, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                                     const auto& dw) const {
    on<C>().logits_backward(c, w.record, hidden, first, d_logits, d_hidden, onto, dw.record);
  }

  template <class V>
  void each_leaf(const auto& kind, const Path& path, const AnyRecord<V>& record, const auto& visit) const {
    if constexpr (first_with<V>() < sizeof...(Contexts))
      passes_with<V>().each_leaf(kind, path, record, visit);
    else if constexpr (std::is_same_v<V, View<float>>)
      std::get<0>(passes_)->each_listed_leaf(kind, path, record, visit);
    else
      std::get<first_with_wide<V>()>(passes_)->each_wide_leaf(kind, path, record, visit);
  }
  // Those of a context whose matrices are V.
  template <class V>
  [[nodiscard]] const auto& passes_with() const {
    return *std::get<first_with<V>()>(passes_);
  }

 private:
  template <class C>
  [[nodiscard]] const ModelPasses<C>& on() const {
    return *std::get<std::shared_ptr<const ModelPasses<C>>>(passes_);
  }
  template <class V>
  static constexpr std::size_t first_with() {
    std::size_t found = 0;
    ((std::is_same_v<Out<Contexts>, V> || (++found, false)) || ...);
    return found;
  }
  template <class V>
  static constexpr std::size_t first_with_wide() {
    std::size_t found = 0;
    ((std::is_same_v<WideOut<Contexts>, V> || (++found, false)) || ...);
    return found;
  }
  template <class... Records>
  [[nodiscard]] AnyEntry<AnyModel, Records...> entry(Records&... records) const {
    return {*this, {records...}};
  }

  Shape shape_;
  Index outputs_ = 0;
  Make make_;
  std::tuple<std::shared_ptr<const ModelPasses<Contexts>>...> passes_;
};

}  // namespace rondo
