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

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <rondo/core/arena.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/record.hpp>

namespace rondo {

// Element `number` of a tensor, in column `i` of `columns`.
inline double initial_value(const Initial& initial, RandomKey key, std::uint64_t number, Index i, Index columns) {
  const double way = static_cast<double>(i) / static_cast<double>(std::max<Index>(columns - 1, 1));
  switch (initial.kind) {
    case Initial::Kind::constant: return initial.value;
    case Initial::Kind::normal: return initial.value * normal_number(key, number);
    case Initial::Kind::uniform: return initial.value * (2 * uniform_number(key, number) - 1);
    case Initial::Kind::ramp: return initial.value + (initial.last - initial.value) * way;
    case Initial::Kind::power_law: return initial.value + (initial.last - initial.value) * std::pow(way, initial.exponent);
    case Initial::Kind::log_count: return std::log(static_cast<double>(1 + i));
    case Initial::Kind::log_uniform:
      return std::log(initial.value + (initial.last - initial.value) * uniform_number(key, number));
    case Initial::Kind::time_step: {
      const double low = std::log(initial.value), high = std::log(initial.last);
      const double step = std::max(std::exp(low + (high - low) * uniform_number(key, number)), 1e-4);
      return step + std::log(-std::expm1(-step));
    }
  }
  return 0;
}

// Fills a tensor with its initial values.
template <class T>
void initialise(View<T> tensor, const Initial& initial, RandomKey key) {
  for (Index r = 0; r < tensor.rows; ++r)
    for (Index i = 0; i < tensor.columns; ++i) {
      const auto number = static_cast<std::uint64_t>(r * tensor.columns + i);
      tensor(r, i) = static_cast<T>(static_cast<float>(initial_value(initial, key, number, i, tensor.columns)));
    }
}

// A tensor of a model, and its place there.
struct NamedLeaf {
  std::string name;
  Leaf leaf;
};
template <class Scalar>
struct NamedTensor {
  std::string name;
  Leaf leaf;
  View<Scalar> tensor;
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
  TensorBuffer(TensorBuffer&&) noexcept = default;
  TensorBuffer& operator=(TensorBuffer&&) noexcept = default;

  [[nodiscard]] View<S> flat() const { return flat_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(flat_.size()) * sizeof(S); }
  [[nodiscard]] const std::vector<NamedTensor<S>>& tensors() const { return tensors_; }
  // visit(path, leaf, view) for every leaf.
  using Visit = std::function<void(const std::string& path, const Leaf& leaf, View<S> view)>;
  void each(const Visit& visit) const {
    for (const auto& [name, leaf, tensor] : tensors_) visit(name, leaf, tensor);
  }

 protected:
  TensorBuffer() = default;
  // First every leaf is listed, then there is memory, then every view is placed.
  [[nodiscard]] auto lister() {
    return [this](const Path& path, const Leaf& leaf, View<S>&) { tensors_.push_back({path, leaf, {}}); };
  }
  void take_memory() {
    std::size_t bytes = 0;
    for (const auto& one : tensors_) bytes += padded_bytes(one.leaf);
    memory_.reserve(bytes);
    flat_ = {memory_.template take<S>(static_cast<Index>(bytes / sizeof(S))), 1, static_cast<Index>(bytes / sizeof(S))};
    std::fill_n(flat_.data, flat_.columns, S{});
    S* data = flat_.data;
    for (auto& one : tensors_) {
      one.tensor = {data, one.leaf.dimensions.rows(), one.leaf.dimensions.columns()};
      data += padded_bytes(one.leaf) / sizeof(S);
    }
  }
  [[nodiscard]] auto placer() {
    return [one = tensors_.begin()](const Path&, const Leaf&, View<S>& view) mutable { view = (one++)->tensor; };
  }

 private:
  static std::size_t padded_bytes(const Leaf& leaf) {
    return arena_bytes(static_cast<std::size_t>(leaf.dimensions.size()) * sizeof(S));
  }

  Memory memory_;
  View<S> flat_;
  std::vector<NamedTensor<S>> tensors_;
};

// One buffer that holds a record of a layer.
template <class Kind, class Layer, class S, class Memory = Arena>
class RecordBuffer : public TensorBuffer<S, Memory> {
 public:
  using Record = typename Kind::template Record<Layer, View<S>>;

  RecordBuffer(const Kind& kind, const Layer& layer) {
    each_leaf<View<S>>(kind, layer, record_, this->lister());
    this->take_memory();
    each_leaf<View<S>>(kind, layer, record_, this->placer());
  }
  [[nodiscard]] const Record& record() const { return record_; }

 private:
  Record record_{};
};

template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Parameters : public RecordBuffer<WeightRecords, Model, Storage> {
 public:
  // All zero: to be filled by a reader, or as gradients and moments.
  explicit Parameters(const Model& model) : RecordBuffer<WeightRecords, Model, Storage>(WeightRecords{}, model), model_(model) {}
  Parameters(const Model& model, Seed seed) : Parameters(model) {
    this->each([&](const std::string& path, const Leaf& leaf, View<Storage> tensor) {
      initialise(tensor, leaf.initial, key_of(seed, path));
    });
  }

  [[nodiscard]] const Model& model() const { return model_; }
  // Number of scalars, without the padding.
  [[nodiscard]] Index count() const { return record_size(WeightRecords{}, model_); }

 private:
  Model model_;
};

}  // namespace rondo
