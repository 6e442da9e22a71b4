// Parameters<Model, Backend>: the weights of a model, in one piece of memory.
//
//   Parameters<Hgrn2, Cpu> weights{model, Seed{1}};
//   weights.record().norm.weight                      a View
//   weights.each([](const std::string& path, const Leaf& leaf, View<float> tensor) { ... });
//
// Every parameter starts from numbers keyed by the seed and its own path. `flat()` is all of them as one row, the padding
// between tensors included (always zero), so that optimisers and norms may treat the model as one vector. `tensors()` is the
// list of them, for whatever does not need to know the model: files, reports.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <rondo/core/arena.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/record.hpp>

namespace rondo {

// A tensor of a model, and its place there.
struct NamedLeaf {
  std::string name;
  Leaf leaf;
};
template <class Scalar, Place place = Place::host>
struct NamedTensor {
  std::string name;
  Leaf leaf;
  View<Scalar, place> tensor;
};

// The leaves of a record that has no memory yet.
template <class Kind, class Layer>
std::vector<NamedLeaf> named_leaves(const Kind& kind, const Layer& layer) {
  std::vector<NamedLeaf> result;
  each_leaf_of(kind, layer, [&](const Path& path, const Leaf& leaf) { result.push_back({path, leaf}); });
  return result;
}

// The tensors of a record in one buffer, leaf after leaf, each 64-byte aligned: all of RecordBuffer that does not depend on the layer.
template <class S, class Memory>
class TensorBuffer {
 public:
  static constexpr Place place = Memory::place;
  using Tensor = View<S, place>;

  TensorBuffer(TensorBuffer&&) noexcept;
  TensorBuffer& operator=(TensorBuffer&&) noexcept;
  ~TensorBuffer();

  [[nodiscard]] Tensor flat() const { return flat_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(flat_.size()) * sizeof(S); }
  [[nodiscard]] const std::vector<NamedTensor<S, place>>& tensors() const { return tensors_; }
  // visit(path, leaf, view) for every leaf.
  using Visit = std::function<void(const std::string& path, const Leaf& leaf, Tensor view)>;
  void each(const Visit& visit) const {
    for (const auto& [name, leaf, tensor] : tensors_) visit(name, leaf, tensor);
  }

 protected:
  TensorBuffer();
  // First every leaf is listed, then there is memory, then every view is placed.
  [[nodiscard]] auto lister() {
    return [this](const Path& path, const Leaf& leaf, Tensor&) { list(path, leaf); };
  }
  template <class C>
  void take_memory(C& c) {
    place_in(c.memory());
    c.fill(flat_, S{});
  }
  [[nodiscard]] auto placer() {
    return [one = tensors_.begin()](const Path&, const Leaf&, Tensor& view) mutable { view = (one++)->tensor; };
  }

 private:
  void list(const Path& path, const Leaf& leaf);
  void place_in(Memory memory);
  static std::size_t padded_bytes(const Leaf& leaf) {
    return arena_bytes(static_cast<std::size_t>(leaf.dimensions.size()) * sizeof(S));
  }

  Memory memory_;
  Tensor flat_;
  std::vector<NamedTensor<S, place>> tensors_;
};

template <class S, class Memory>
TensorBuffer<S, Memory>::TensorBuffer() = default;
template <class S, class Memory>
TensorBuffer<S, Memory>::TensorBuffer(TensorBuffer&&) noexcept = default;
template <class S, class Memory>
TensorBuffer<S, Memory>& TensorBuffer<S, Memory>::operator=(TensorBuffer&&) noexcept = default;
template <class S, class Memory>
TensorBuffer<S, Memory>::~TensorBuffer() = default;

template <class S, class Memory>
void TensorBuffer<S, Memory>::list(const Path& path, const Leaf& leaf) {
  tensors_.push_back({path, leaf, {}});
}
template <class S, class Memory>
void TensorBuffer<S, Memory>::place_in(Memory memory) {
  std::size_t bytes = 0;
  for (const auto& one : tensors_) bytes += padded_bytes(one.leaf);
  memory_ = std::move(memory);
  memory_.reserve(bytes);
  flat_ = {memory_.template take<S>(static_cast<Index>(bytes / sizeof(S))), 1, static_cast<Index>(bytes / sizeof(S))};
  S* data = flat_.data;
  for (auto& one : tensors_) {
    one.tensor = {data, one.leaf.dimensions.rows(), one.leaf.dimensions.columns()};
    data += padded_bytes(one.leaf) / sizeof(S);
  }
}

// One buffer that holds a record of a layer, all zero, in the memory of the context's back-end.
template <class Kind, class Layer, class S, class Memory>
class RecordBuffer : public TensorBuffer<S, Memory> {
 public:
  using typename TensorBuffer<S, Memory>::Tensor;
  using Record = typename Kind::template Record<Layer, Tensor>;

  template <class C>
  RecordBuffer(C& c, const Kind& kind, const Layer& layer) {
    each_leaf<Tensor>(kind, layer, record_, this->lister());
    this->take_memory(c);
    each_leaf<Tensor>(kind, layer, record_, this->placer());
  }
  [[nodiscard]] const Record& record() const { return record_; }

 private:
  Record record_{};
};

template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Parameters : public RecordBuffer<WeightRecords, Model, Storage, typename Backend::Memory> {
  using Base = RecordBuffer<WeightRecords, Model, Storage, typename Backend::Memory>;

 public:
  using Context = typename Backend::Context;

  // All zero: to be filled by a reader, or as gradients and moments. Without a context of the caller's, one is made for it.
  Parameters(const Model& model, Context& c) : Base(c, WeightRecords{}, model), model_(model) {}
  Parameters(const Model& model, Seed seed, Context& c) : Parameters(model, c) {
    this->each([&](const std::string& path, const Leaf& leaf, typename Base::Tensor tensor) {
      c.start(tensor, leaf.initial, key_of(seed, path));
    });
  }
  explicit Parameters(const Model& model, Context&& c = Context{}) : Parameters(model, c) {}
  Parameters(const Model& model, Seed seed, Context&& c = Context{}) : Parameters(model, seed, c) {}

  [[nodiscard]] const Model& model() const { return model_; }
  // Number of scalars, without the padding.
  [[nodiscard]] Index count() const { return record_size(WeightRecords{}, model_); }

 private:
  Model model_;
};

}  // namespace rondo
