// Trial: one forward and one backward pass of a subject on a back-end, with all that goes in and comes out as host numbers.
//
//   Batch batch = packed({5, 4});                                  two sequences, one after the other
//   Inputs<double> inputs = draw(subject, batch, Seed{1});         weights, x, initial states, dy, d_final
//   Outputs<double> outputs = run<Cpu>(subject, batch, inputs);    y, final states, gradients
//
// Every law is a comparison of such outputs. What a pass writes is filled with NaN before, and so is the scratch memory that
// it takes: who reads what he did not write is found out. All drawn numbers are exact in float32, so that every back-end
// sees the same ones. Rows of no sequence are padding: their x is drawn, their dy is zero.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/math.hpp>
#include <rondo/core/random.hpp>
#include <rondo/layer/layer.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo::testing {

// A named matrix of host numbers.
template <class T>
struct Tensor {
  std::string name;
  index rows = 0;
  index columns = 0;
  std::vector<T> values;

  Tensor() = default;
  Tensor(std::string name_, index rows_, index columns_, T value = T{})
      : name(std::move(name_)), rows(rows_), columns(columns_), values(static_cast<std::size_t>(rows_ * columns_), value) {}
  T& operator()(index r, index c) { return values[static_cast<std::size_t>(r * columns + c)]; }
  const T& operator()(index r, index c) const { return values[static_cast<std::size_t>(r * columns + c)]; }
  // Rows [begin, begin + count), and writing them.
  [[nodiscard]] Tensor middle_rows(index begin, index count) const {
    Tensor part(name, count, columns);
    std::copy_n(values.begin() + begin * columns, count * columns, part.values.begin());
    return part;
  }
  void set_rows(index begin, const Tensor& part) {
    std::copy(part.values.begin(), part.values.end(), values.begin() + begin * columns);
  }
};
template <class T>
using Tensors = std::vector<Tensor<T>>;

struct Batch {
  std::vector<Sequence> sequences;
  index tokens = 0;

  [[nodiscard]] std::vector<bool> padding() const {
    std::vector<bool> rows(static_cast<std::size_t>(tokens), true);
    for (const Sequence& sequence : sequences) std::fill_n(rows.begin() + sequence.begin, sequence.length, false);
    return rows;
  }
};

// Sequences of these lengths one after the other, the first at row `before`, `between` rows of padding after each.
// `position`: tokens that each has seen before.
inline Batch packed(std::initializer_list<index> lengths, index position = 0, index before = 0, index between = 0) {
  Batch batch{{}, before};
  for (const index length : lengths) {
    batch.sequences.push_back({batch.tokens, length, position});
    batch.tokens += length + between;
  }
  return batch;
}

template <class T>
struct Inputs {
  Tensors<T> weights;
  Tensor<T> x;
  std::optional<Tensors<T>> initial;  // absent: no initial states are handed over
  Tensor<T> dy;
  std::optional<Tensors<T>> d_final;  // absent: the final states have no gradient
};
template <class T>
struct Outputs {
  Tensor<T> y;
  Tensors<T> final;
  Tensors<T> d_weights;
  Tensor<T> dx;
  Tensors<T> d_initial;
};

inline double exact_in_float(double x) {
  return static_cast<double>(static_cast<float>(x));
}

// Weights in general position: as they start, plus a normal number (matrices: with deviation columns^-1/2). Initial states
// are normal with deviation 1/2.
template <class Subject>
Inputs<double> draw(const Subject& subject, const Batch& batch, Seed seed) {
  const auto fill = [&](Tensor<double>& tensor, double mean, double deviation) {
    const RandomKey key = key_of(seed, tensor.name);
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] = exact_in_float(mean + deviation * normal_number(key, i));
  };
  const auto states = [&](const std::string& prefix) {
    Tensors<double> result;
    make_record<AnyStorage>(StateRecords{{batch.tokens, std::ssize(batch.sequences)}}, subject,
                            [&](const std::string& path, const Leaf& leaf) {
                              result.emplace_back(prefix + path, leaf.dimensions.rows(), leaf.dimensions.columns());
                              fill(result.back(), 0, 0.5);
                              return AnyStorage{};
                            });
    return result;
  };
  Inputs<double> in;
  make_record<AnyStorage>(WeightRecords{}, subject, [&](const std::string& path, const Leaf& leaf) {
    in.weights.emplace_back(path, leaf.dimensions.rows(), leaf.dimensions.columns());
    const double mean = leaf.initial.kind == Initial::Kind::constant ? leaf.initial.value : 0;
    const double deviation = leaf.dimensions.rank() > 1 ? 1 / std::sqrt(static_cast<double>(leaf.dimensions.columns())) : 0.25;
    fill(in.weights.back(), mean, deviation);
    return AnyStorage{};
  });
  in.x = Tensor<double>("x", batch.tokens, subject.in());
  for (index t = 0; t < in.x.rows; ++t)
    for (index i = 0; i < in.x.columns; ++i)
      in.x(t, i) = exact_in_float(subject.draw(key_of(seed, "x"), static_cast<std::uint64_t>(t * in.x.columns + i), i));
  in.initial = states("initial ");
  in.dy = Tensor<double>("dy", subject.output_rows(batch.tokens), subject.out());
  fill(in.dy, 0, 1);
  if (Subject::per_token) {
    const std::vector<bool> padding = batch.padding();
    for (index t = 0; t < in.dy.rows; ++t)
      for (index i = 0; i < in.dy.columns; ++i)
        if (padding[static_cast<std::size_t>(t)]) in.dy(t, i) = 0;
  }
  in.d_final = states("final ");
  return in;
}

// How a pass is run.
struct Mode {
  bool training = false;
  RandomKey key{};
  double gradient_noise = 0;  // what stands in weight gradients before the pass
  bool in_place = false;      // the final state goes where the initial state is
};

template <class Backend>
using HostScalar = std::conditional_t<std::is_floating_point_v<typename Backend::Scalar>, double, typename Backend::Scalar>;

template <class Backend, class Subject>
class Trial {
 public:
  using Scalar = typename Backend::Scalar;
  using Memory = typename Backend::Memory;
  using Host = HostScalar<Backend>;
  using C = typename Backend::Context;

  Trial(const Subject& subject, const Batch& batch, const Inputs<Host>& in, const Mode& mode = {})
      : subject_(subject),
        batch_(batch),
        mode_(mode),
        saved_kind_{{batch.tokens, std::ssize(batch.sequences)}},
        state_kind_{saved_kind_.extent},
        weights_(WeightRecords{}, subject),
        d_weights_(WeightRecords{}, subject),
        saved_(saved_kind_, subject),
        initial_(state_kind_, subject),
        final_(state_kind_, subject),
        d_final_(state_kind_, subject),
        d_initial_(state_kind_, subject) {
    context_.begin(batch_.sequences, batch_.tokens);
    context_.training = mode.training;
    context_.key = mode.key;
    put(in.weights, weights_);
    x_ = take(in.x);
    y_ = take(Tensor<Host>("y", subject.output_rows(batch.tokens), subject.out(), nan()));
    dy_ = take(in.dy);
    dx_ = take(Tensor<Host>("dx", batch.tokens, subject.in(), nan()));
    fill(saved_, nan());
    fill(final_, nan());
    fill(d_weights_, Host(mode.gradient_noise));
    fill(d_initial_, nan());
    if (in.initial) put(*in.initial, initial_);
    if (in.d_final) put(*in.d_final, d_final_);
    has_initial_ = in.initial.has_value();
    has_d_final_ = in.d_final.has_value();
    poison(context_.scratch);
  }

  void forward() {
    const auto& final = mode_.in_place ? initial_ : final_;
    subject_.forward(context_, weights_.record(), View<const Scalar>(x_), y_, saved_.record(),
                     CarriedFor<Subject, C>{has_initial_ ? &initial_.record() : nullptr, &final.record()});
  }
  void backward() {
    subject_.backward(
        context_, weights_.record(), View<const Scalar>(x_), View<const Scalar>(dy_), dx_, saved_.record(), d_weights_.record(),
        CarriedGradientFor<Subject, C>{has_initial_ ? &initial_.record() : nullptr, has_d_final_ ? &d_final_.record() : nullptr,
                                       has_initial_ ? &d_initial_.record() : nullptr});
  }
  [[nodiscard]] Outputs<Host> outputs() const {
    Outputs<Host> out{get("y", y_), get("final ", mode_.in_place ? initial_ : final_), get("d ", d_weights_), get("dx", dx_), {}};
    if (has_initial_) out.d_initial = get("d initial ", d_initial_);
    return out;
  }
  [[nodiscard]] std::size_t scratch_in_use() const { return context_.scratch.used(); }

 private:
  static constexpr std::size_t poisoned_bytes = std::size_t{1} << 20;

  static Host nan() { return Host(std::numeric_limits<double>::quiet_NaN()); }
  static void poison(Arena& scratch) {
    scratch.reserve(poisoned_bytes);
    Arena::Mark mark{scratch};
    std::memset(scratch.take<std::byte>(static_cast<index>(poisoned_bytes)), 0xff, poisoned_bytes);
  }
  static Scalar narrow(const Host& value) { return static_cast<Scalar>(value); }

  View<Scalar> take(const Tensor<Host>& tensor) {
    const View<Scalar> view{streams_.template take<Scalar>(tensor.rows * tensor.columns), tensor.rows, tensor.columns};
    std::transform(tensor.values.begin(), tensor.values.end(), view.data, narrow);
    return view;
  }
  static void put(const Tensors<Host>& tensors, const auto& buffer) {
    std::size_t next = 0;
    buffer.each([&](const std::string& path, const Leaf&, const View<Scalar>& view) {
      require(next < tensors.size() && std::ssize(tensors[next].values) == view.size(), "trial: no values for '", path, "'");
      std::transform(tensors[next].values.begin(), tensors[next].values.end(), view.data, narrow);
      ++next;
    });
  }
  static void fill(const auto& buffer, const Host& value) {
    std::fill_n(buffer.flat().data, buffer.flat().size(), narrow(value));
  }
  static Tensor<Host> get(std::string name, View<Scalar> view) {
    Tensor<Host> tensor(std::move(name), view.rows, view.columns);
    std::transform(view.data, view.data + view.size(), tensor.values.begin(), [](const Scalar& value) { return Host(value); });
    return tensor;
  }
  static Tensors<Host> get(const std::string& prefix, const auto& buffer) {
    Tensors<Host> tensors;
    buffer.each(
        [&](const std::string& path, const Leaf&, const View<Scalar>& view) { tensors.push_back(get(prefix + path, view)); });
    return tensors;
  }

  const Subject& subject_;
  Batch batch_;
  Mode mode_;
  C context_;
  SavedRecords saved_kind_;
  StateRecords state_kind_;
  RecordBuffer<WeightRecords, Subject, Scalar, Memory> weights_, d_weights_;
  RecordBuffer<SavedRecords, Subject, Scalar, Memory> saved_;
  RecordBuffer<StateRecords, Subject, Scalar, Memory> initial_, final_, d_final_, d_initial_;
  Memory streams_;
  View<Scalar> x_, y_, dy_, dx_;
  bool has_initial_ = false, has_d_final_ = false;
};

template <class Backend, class Subject>
Outputs<HostScalar<Backend>> run(const Subject& subject, const Batch& batch, const Inputs<HostScalar<Backend>>& in,
                                 const Mode& mode = {}) {
  Trial<Backend, Subject> trial(subject, batch, in, mode);
  trial.forward();
  trial.backward();
  return trial.outputs();
}
template <class Backend, class Subject>
Outputs<HostScalar<Backend>> run_forward(const Subject& subject, const Batch& batch, const Inputs<HostScalar<Backend>>& in,
                                         const Mode& mode = {}) {
  Trial<Backend, Subject> trial(subject, batch, in, mode);
  trial.forward();
  return trial.outputs();
}

}  // namespace rondo::testing
