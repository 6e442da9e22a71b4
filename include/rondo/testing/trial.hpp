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
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/arena.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/math.hpp>
#include <rondo/core/random.hpp>
#include <rondo/layer/layer.hpp>
#include <rondo/model/saved_buffer.hpp>

namespace rondo::testing {

// A named matrix of host numbers.
template <class T>
struct Tensor {
  std::string name;
  Index rows = 0;
  Index columns = 0;
  std::vector<T> values;

  Tensor() = default;
  Tensor(std::string name_, Index rows_, Index columns_, T value = T{})
      : name(std::move(name_)), rows(rows_), columns(columns_), values(static_cast<std::size_t>(rows_ * columns_), value) {}
  T& operator()(Index r, Index c) { return values[static_cast<std::size_t>(r * columns + c)]; }
  const T& operator()(Index r, Index c) const { return values[static_cast<std::size_t>(r * columns + c)]; }
  // Rows [begin, begin + count), and writing them.
  [[nodiscard]] Tensor middle_rows(Index begin, Index count) const {
    Tensor part(name, count, columns);
    std::copy_n(values.begin() + begin * columns, count * columns, part.values.begin());
    return part;
  }
  void set_rows(Index begin, const Tensor& part) {
    std::copy(part.values.begin(), part.values.end(), values.begin() + begin * columns);
  }
};
template <class T>
using Tensors = std::vector<Tensor<T>>;

struct Batch {
  std::vector<Sequence> sequences;
  Index tokens = 0;

  [[nodiscard]] std::vector<bool> padding() const {
    std::vector<bool> rows(static_cast<std::size_t>(tokens), true);
    for (const Sequence& sequence : sequences) std::fill_n(rows.begin() + sequence.begin, sequence.length, false);
    return rows;
  }
};

// Sequences of these lengths one after the other, the first at row `before`, `between` rows of padding after each.
// `position`: tokens that each has seen before.
inline Batch packed(std::initializer_list<Index> lengths, Index position = 0, Index before = 0, Index between = 0) {
  Batch batch{{}, before};
  for (const Index length : lengths) {
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

// The leaves of one of a subject's records, with their paths.
struct NamedLeaf {
  std::string path;
  Leaf leaf;
};
template <class Kind, class Subject>
std::vector<NamedLeaf> list_leaves(const Kind& kind, const Subject& subject) {
  std::vector<NamedLeaf> result;
  each_leaf_of(kind, subject, [&](const Path& path, const Leaf& leaf) { result.push_back({path, leaf}); });
  return result;
}

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
    for (const auto& [path, leaf] : list_leaves(StateRecords{{batch.tokens, std::ssize(batch.sequences)}}, subject)) {
      result.emplace_back(prefix + path, leaf.dimensions.rows(), leaf.dimensions.columns());
      fill(result.back(), 0, 0.5);
    }
    return result;
  };
  Inputs<double> in;
  for (const auto& [path, leaf] : list_leaves(WeightRecords{}, subject)) {
    in.weights.emplace_back(path, leaf.dimensions.rows(), leaf.dimensions.columns());
    const double mean = leaf.initial.kind == Initial::Kind::constant ? leaf.initial.value : 0;
    const double deviation = leaf.dimensions.rank() > 1 ? 1 / std::sqrt(static_cast<double>(leaf.dimensions.columns())) : 0.25;
    fill(in.weights.back(), mean, deviation);
  }
  in.x = Tensor<double>("x", batch.tokens, subject.in());
  for (Index t = 0; t < in.x.rows; ++t)
    for (Index i = 0; i < in.x.columns; ++i)
      in.x(t, i) = exact_in_float(subject.draw(key_of(seed, "x"), static_cast<std::uint64_t>(t * in.x.columns + i), i));
  in.initial = states("initial ");
  in.dy = Tensor<double>("dy", subject.output_rows(batch.tokens), subject.out());
  fill(in.dy, 0, 1);
  if (Subject::per_token) {
    const std::vector<bool> padding = batch.padding();
    for (Index t = 0; t < in.dy.rows; ++t)
      for (Index i = 0; i < in.dy.columns; ++i)
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
using HostScalar = std::conditional_t<std::is_floating_point_v<Wide<typename Backend::Scalar>>, double, typename Backend::Scalar>;

template <class Backend, class Subject>
class Trial {
 public:
  using Scalar = typename Backend::Scalar;
  using Host = HostScalar<Backend>;
  using C = typename Backend::Context;

  Trial(const Subject& subject, const Batch& batch, const Inputs<Host>& in, const Mode& mode = {})
      : subject_(subject), batch_(batch), mode_(mode) {
    const auto dropout = mode.training ? std::optional{mode.key} : std::nullopt;
    if constexpr (Subject::reads_tokens)
      context_.begin(batch_.sequences, tokens_of(in.x, 0, ids_), tokens_of(in.x, 1, labels_), dropout);
    else
      context_.begin(batch_.sequences, batch_.tokens, dropout);
    const SavedRecords saved{context_.extent()};
    const StateRecords states{context_.extent()};
    weights_ = take("", WeightRecords{}, in.weights);
    d_weights_ = take<WideOut<C>>("d ", WeightRecords{}, Host(mode.gradient_noise));
    saved_.place(context_, subject_, {batch_.tokens, 1});  // as a workspace that met another batch before
    fill(saved, saved_.place(context_, subject_), nan());
    final_ = take("final ", states, nan());
    if (in.initial) {
      initial_ = take("initial ", states, *in.initial);
      d_initial_ = take("d initial ", states, nan());
    }
    if (in.d_final) d_final_ = take("d final ", states, *in.d_final);
    x_ = take(in.x);
    y_ = take(Tensor<Host>("y", subject.output_rows(batch.tokens), subject.out(), nan()));
    dy_ = take(in.dy);
    dx_ = take(Tensor<Host>("dx", batch.tokens, subject.in(), nan()));
    poison();
  }

  void forward() {
    subject_.forward(context_, weights_.record, In<C>(x_), y_, saved_.record(),
                     CarriedFor<Subject, C>{initial_.address(), where_final_goes().address()});
  }
  void backward() {
    subject_.backward(context_, weights_.record, In<C>(x_), In<C>(dy_), dx_, saved_.record(),
                      d_weights_.record,
                      CarriedGradientFor<Subject, C>{initial_.address(), d_final_.address(), d_initial_.address()});
  }
  [[nodiscard]] Outputs<Host> outputs() {
    return {get({"y", y_, {}}), get(where_final_goes().list), get(d_weights_.list), get({"dx", dx_, {}}), get(d_initial_.list)};
  }
  [[nodiscard]] std::size_t scratch_in_use() const { return context_.scratch.used(); }

 private:
  // Views of memory with names, to be filled and read: one of the two.
  struct NamedView {
    std::string name;
    Out<C> stored;
    WideOut<C> wide;
    [[nodiscard]] decltype(auto) visit(auto&& act) const { return stored ? act(stored) : act(wide); }
  };
  // A record of V and the list of its views.
  template <class Kind, class V = Out<C>>
  struct Held {
    typename Kind::template Record<Subject, V> record;
    std::vector<NamedView> list;
    bool present = false;
    [[nodiscard]] auto address() const { return present ? &record : nullptr; }
  };

  static constexpr Index poisoned = Index{1} << 18;
  static Host nan() { return Host(std::numeric_limits<double>::quiet_NaN()); }
  void poison() {
    using Number = Wide<Scalar>;
    context_.scratch.reserve(static_cast<std::size_t>(poisoned) * sizeof(Number));
    auto mark = context_.mark();
    context_.fill(context_.wide(1, poisoned), static_cast<Number>(nan()));
  }
  // Tokens written as numbers in column `column` of x, where there is one.
  Tokens tokens_of(const Tensor<Host>& x, Index column, std::vector<Token>& tokens) const {
    if (column >= x.columns) return {};
    for (Index t = 0; t < x.rows; ++t) tokens.push_back(static_cast<Token>(real_part(x(t, column))));
    return {tokens.data(), 1, x.rows};
  }
  const Held<StateRecords>& where_final_goes() const { return mode_.in_place && initial_.present ? initial_ : final_; }

  template <class V>
  using NumberOf = std::remove_cvref_t<decltype(*V::data)>;

  template <class V>
  void take(V& view, Index rows, Index columns) {
    view = {memory_.template take<NumberOf<V>>(rows * columns), rows, columns};
  }
  Out<C> take(const Tensor<Host>& tensor) {
    Out<C> view;
    take(view, tensor.rows, tensor.columns);
    put(tensor, view);
    return view;
  }
  template <class V>
  void put(const Tensor<Host>& tensor, V view) {
    std::vector<NumberOf<V>> numbers(tensor.values.size());
    std::transform(tensor.values.begin(), tensor.values.end(), numbers.begin(),
                   [](Host value) { return convert_element<NumberOf<V>>(value); });
    context_.upload(std::span<const NumberOf<V>>{numbers}, view);
  }
  template <class V = Out<C>, class Kind>
  Held<Kind, V> take(const std::string& prefix, const Kind& kind) {
    Held<Kind, V> held;
    held.present = true;
    each_leaf<V>(kind, subject_, held.record, [&](const Path& path, const Leaf& leaf, auto& view) {
      take(view, leaf.dimensions.rows(), leaf.dimensions.columns());
      if constexpr (std::is_same_v<decltype(view), Out<C>&>)
        held.list.push_back({prefix + path.text(), view, {}});
      else
        held.list.push_back({prefix + path.text(), {}, view});
    });
    return held;
  }
  template <class V = Out<C>, class Kind>
  void fill(const Kind& kind, auto record, const Host& value) {
    each_leaf<V>(kind, subject_, record, [&](const Path&, const Leaf&, auto& view) {
      context_.fill(view, convert_element<NumberOf<std::remove_cvref_t<decltype(view)>>>(value));
    });
  }
  template <class V = Out<C>, class Kind>
  Held<Kind, V> take(const std::string& prefix, const Kind& kind, const Host& value) {
    Held<Kind, V> held = take<V>(prefix, kind);
    fill<V>(kind, held.record, value);
    return held;
  }
  template <class Kind>
  Held<Kind> take(const std::string& prefix, const Kind& kind, const Tensors<Host>& values) {
    Held<Kind> held = take(prefix, kind);
    require(held.list.size() == values.size(), "trial: ", values.size(), " tensors for ", held.list.size(), " leaves");
    for (std::size_t n = 0; n < values.size(); ++n) {
      held.list[n].visit([&](auto view) {
        require(std::ssize(values[n].values) == view.size(), "trial: '", held.list[n].name, "' has ", view.size(), " entries, not ",
                values[n].values.size());
        put(values[n], view);
      });
    }
    return held;
  }
  Tensor<Host> get(const NamedView& from) {
    return from.visit([&](auto view) {
      using Number = NumberOf<decltype(view)>;
      Tensor<Host> tensor(from.name, view.rows, view.columns);
      std::vector<Number> numbers(tensor.values.size());
      context_.download(View<const Number, C::place>(view), std::span{numbers});
      std::transform(numbers.begin(), numbers.end(), tensor.values.begin(), [](const Number& number) { return static_cast<Host>(number); });
      return tensor;
    });
  }
  Tensors<Host> get(const std::vector<NamedView>& list) {
    Tensors<Host> tensors;
    for (const NamedView& each : list) tensors.push_back(get(each));
    return tensors;
  }

  const Subject& subject_;
  Batch batch_;
  Mode mode_;
  std::vector<Token> ids_, labels_;
  C context_;
  typename Backend::Memory memory_ = context_.memory();
  Held<WeightRecords> weights_;
  Held<WeightRecords, WideOut<C>> d_weights_;
  SavedBuffer<Subject, C> saved_;
  Held<StateRecords> initial_, final_, d_final_, d_initial_;
  Out<C> x_, y_, dy_, dx_;
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
