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
  switch (initial.kind) {
    case Initial::Kind::constant: return initial.value;
    case Initial::Kind::normal: return initial.value * normal_number(key, number);
    case Initial::Kind::uniform: return initial.value * (2 * uniform_number(key, number) - 1);
    case Initial::Kind::ramp:
      return initial.value + (initial.last - initial.value) * static_cast<double>(i) / static_cast<double>(std::max<Index>(columns - 1, 1));
    case Initial::Kind::log_count: return std::log(static_cast<double>(1 + i));
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
  make_record<AnyStorage>(kind, layer, [&](const std::string& path, const Leaf& leaf) {
    result.push_back({path, leaf});
    return AnyStorage{};
  });
  return result;
}

// One buffer that holds a record of a layer, leaf after leaf, each 64-byte aligned.
template <class Kind, class Layer, class S, class Memory = Arena>
class RecordBuffer {
 public:
  using Record = typename Kind::template Record<Layer, View<S>>;

  RecordBuffer(const Kind& kind, const Layer& layer) : kind_(kind), layer_(&layer) {
    std::size_t bytes = 0;
    make_record<AnyStorage>(kind, layer, [&](const std::string&, const Leaf& leaf) {
      bytes += arena_bytes(static_cast<std::size_t>(leaf.dimensions.size()) * sizeof(S));
      return AnyStorage{};
    });
    memory_.reserve(bytes);
    const auto size = static_cast<Index>(bytes / sizeof(S));
    S* data = memory_.template take<S>(size);
    flat_ = {data, 1, size};
    std::fill_n(data, size, S{});
    record_ = make_record<View<S>>(kind, layer, [&](const std::string&, const Leaf& leaf) {
      const View<S> view{data, leaf.dimensions.rows(), leaf.dimensions.columns()};
      data += arena_bytes(static_cast<std::size_t>(leaf.dimensions.size()) * sizeof(S)) / sizeof(S);
      return view;
    });
  }
  RecordBuffer(RecordBuffer&&) noexcept = default;
  RecordBuffer& operator=(RecordBuffer&&) noexcept = default;

  [[nodiscard]] const Record& record() const { return record_; }
  [[nodiscard]] View<S> flat() const { return flat_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(flat_.size()) * sizeof(S); }

  // visit(path, leaf, view) for every leaf. One walk is compiled for a buffer, whatever its visitors do.
  using Visit = std::function<void(const std::string& path, const Leaf& leaf, View<S> view)>;
  void each(const Visit& visit) const {
    walk(
        kind_, *layer_, std::string{}, [&](const std::string& path, const Leaf& leaf, View<S> view) { visit(path, leaf, view); },
        record_);
  }
  [[nodiscard]] std::vector<NamedTensor<S>> tensors() const {
    std::vector<NamedTensor<S>> result;
    each([&](const std::string& path, const Leaf& leaf, View<S> view) { result.push_back({path, leaf, view}); });
    return result;
  }

 private:
  Kind kind_;
  const Layer* layer_;
  Memory memory_;
  View<S> flat_;
  Record record_;
};

template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Parameters : public RecordBuffer<WeightRecords, Model, Storage> {
 public:
  // All zero: to be filled by a reader, or as gradients and moments.
  explicit Parameters(const Model& model) : RecordBuffer<WeightRecords, Model, Storage>(WeightRecords{}, model), model_(&model) {}
  Parameters(const Model& model, Seed seed) : Parameters(model) {
    this->each([&](const std::string& path, const Leaf& leaf, View<Storage> tensor) {
      initialise(tensor, leaf.initial, key_of(seed, path));
    });
  }

  [[nodiscard]] const Model& model() const { return *model_; }
  // Number of scalars, without the padding.
  [[nodiscard]] Index count() const { return record_size(WeightRecords{}, *model_); }

 private:
  const Model* model_;
};

}  // namespace rondo
