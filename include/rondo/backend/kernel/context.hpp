// KernelContext<Device, Element>: every operation of a back-end (rondo/backend/backend.hpp) as launches of kernels: which, on how many
// teams, with which scratch, in which order. The same text for every device. Element is what activations are stored as, float or bf16;
// statistics, log decays, states, losses and gradients of weights are float32.
//
// What a Device is:
//   Memory, standard()                  an arena of its memory (Place::device); the one that contexts are made for
//   memory()                            an empty arena
//   write(to, from, bytes)  read(...)   from and to the host; the second waits
//   launch<threads>(teams, kernel)      rondo/backend/kernel/team.hpp
//   each(count, f)                      f(i) for all i, each by itself (flat.hpp)
//   product(product, a, b, c)           column-major (product.hpp); float32 sums
//   sum(count, f, to)                   of f(i) in double, in a fixed order, to a double in its memory
//   sort(keys, order)                   the places of keys in ascending order, stably
//   recurrence(c, pass)                 may be left out: a way to run those recurrences that have no kernels
//
// A recurrence with kernels is a KernelRecurrence<Tag>: forward(c, pass), gradient(c, pass), with c.device(), c.work() and scratch;
// fits(tag).
#pragma once

#include <cmath>
#include <optional>

#include <rondo/backend/backend.hpp>
#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/kernel/embedding.hpp>
#include <rondo/backend/kernel/loss.hpp>
#include <rondo/backend/kernel/norm.hpp>
#include <rondo/backend/kernel/product.hpp>
#include <rondo/backend/kernel/row_rules.hpp>
#include <rondo/backend/kernel/short_convolution.hpp>
#include <rondo/core/initial.hpp>

namespace rondo {

template <class Device, class Element>
class KernelContext : public ContextBase<KernelContext<Device, Element>, Element, typename Device::Memory> {
  using Base = ContextBase<KernelContext<Device, Element>, Element, typename Device::Memory>;
  static constexpr Place device_place = Place::device;
  static constexpr bool has_two_widths = !std::is_same_v<Element, Wide<Element>>;
  template <class T>
  using Placed = View<T, device_place>;

 public:
  using In = typename Base::Input;
  using Out = typename Base::Output;
  using WideIn = typename Base::WideInput;
  using WideOut = typename Base::WideOutput;
  using typename Base::Composed;
  using Base::sum;
  using Composed::each_element;
  using Composed::linear;
  using Composed::linear_input_gradient;
  using Composed::linear_weight_gradient;

  KernelContext() : KernelContext(Device::standard()) {}
  explicit KernelContext(Device& device) : Base(device.memory(), device.memory()), device_(&device), lists_(device.memory()) {}

  [[nodiscard]] typename Device::Memory memory() const { return device_->memory(); }
  [[nodiscard]] Device& device() const { return *device_; }

  // A batch: its ids and the lists of its rows go to the device here, once.
  [[gnu::noinline]] void begin(Sequences sequences, Index tokens, std::optional<RandomKey> dropout = {}) {
    Base::begin(sequences, tokens, dropout);
    list_rows();
  }
  [[gnu::noinline]] void begin(Sequences sequences, Tokens ids, Tokens labels = {}, std::optional<RandomKey> dropout = {}) {
    Base::begin(sequences, ids, labels, dropout);
    list_rows();
  }
  [[nodiscard]] const kernel::Owners& work() const { return work_; }

  // ---- whole tensors
  template <class T>
  void fill(Placed<T> y, std::type_identity_t<T> value) {
    each(kernel::Fill<T>{value}, y);
  }
  template <class T>
  [[gnu::noinline]] void start(Placed<T> y, const Initial& initial, RandomKey random) {
    std::vector<T> numbers(static_cast<std::size_t>(y.size()));
    start_numbers(initial, random, y.columns, 0, y.size(), numbers.data());
    upload(std::span<const T>{numbers}, y);
  }
  template <class T>
  void upload(std::span<const T> from, Placed<T> to) {
    each_run(to, [&](T* run, Index first, Index count) {
      device_->write(run, from.data() + first, static_cast<std::size_t>(count) * sizeof(T));
    });
  }
  template <class T>
  void download(Placed<const T> from, std::span<std::type_identity_t<T>> to) {
    each_run(from, [&](const T* run, Index first, Index count) {
      device_->read(to.data() + first, run, static_cast<std::size_t>(count) * sizeof(T));
    });
  }
  template <class T>
  void zero(Placed<T> y) {
    fill(y, T(0.0F));
  }
  template <class T, class U>
  void copy(Placed<T> x, Placed<U> y) {
    each(kernel::Copy{}, x, y);
  }
  template <class T, class U>
  void add(Placed<T> x, Placed<U> y) {
    each(kernel::Add{}, x, y);
  }
  template <class T>
  void scale(Placed<T> x, double factor) {
    each(kernel::Scale{static_cast<float>(factor)}, x);
  }
  template <class T, class U>
  void blend(Placed<T> x, Placed<U> average, double share) {
    each(kernel::Blend{static_cast<float>(share)}, x, average);
  }

  // ---- products
  template <class W, class T>
  void linear(In x, Placed<W> weight, Placed<T> y) {
    product(x, false, weight, true, y, Onto::write);
  }
  template <class W>
  void linear_input_gradient(In dy, Placed<W> weight, Out dx, Onto onto = Onto::write) {
    product(dy, false, weight, false, dx, onto);
  }
  void linear_weight_gradient(In dy, In x, WideOut d_weight) { product(dy, true, x, false, d_weight, Onto::add); }
  // The same of wide numbers, which optimisers multiply.
  void linear(WideIn x, WideIn weight, WideOut y)
    requires(has_two_widths)
  {
    product(x, false, weight, true, y, Onto::write);
  }
  void linear_input_gradient(WideIn dy, WideIn weight, WideOut dx, Onto onto = Onto::write)
    requires(has_two_widths)
  {
    product(dy, false, weight, false, dx, onto);
  }
  void linear_weight_gradient(WideIn dy, WideIn x, WideOut d_weight)
    requires(has_two_widths)
  {
    product(dy, true, x, false, d_weight, Onto::add);
  }
  template <class B>
  void add_bias(Placed<B> bias, Out y) {
    each_here(kernel::Add{}, kernel::every_row(here(bias), y.rows), here(y));
  }
  void bias_gradient(In dy, WideOut d_bias) { add_column_sums(kernel::Element<Element>{here(dy)}, dy.rows, d_bias); }
  template <class W>
  void block_linear(In x, Placed<W> weight, Out y) {
    const Index blocks = weight.rows, in = x.columns / blocks, out = y.columns / blocks;
    for (Index b = 0; b < blocks; ++b)
      linear(x.middle_columns(b * in, in), weight.middle_rows(b, 1).reshaped(out, in), y.middle_columns(b * out, out));
  }
  template <class W>
  void block_linear_input_gradient(In dy, Placed<W> weight, Out dx, Onto onto = Onto::write) {
    const Index blocks = weight.rows, in = dx.columns / blocks, out = dy.columns / blocks;
    for (Index b = 0; b < blocks; ++b)
      linear_input_gradient(dy.middle_columns(b * out, out), weight.middle_rows(b, 1).reshaped(out, in), dx.middle_columns(b * in, in),
                            onto);
  }
  void block_linear_weight_gradient(In dy, In x, WideOut d_weight) {
    const Index blocks = d_weight.rows, in = x.columns / blocks, out = dy.columns / blocks;
    for (Index b = 0; b < blocks; ++b)
      linear_weight_gradient(dy.middle_columns(b * out, out), x.middle_columns(b * in, in), d_weight.middle_rows(b, 1).reshaped(out, in));
  }
  template <class W>
  void add_scaled(Placed<W> weight, In x, Out y) {
    each_place(kernel::AddScaled<Element, std::remove_const_t<W>, Element>{here(weight), here(x), here(y), x.columns / weight.columns}, y);
  }
  template <class W>
  void add_scaled_gradient(Placed<W> weight, In x, In dy, Out dx, WideOut d_weight) {
    add_scaled(weight, dy, dx);
    add_column_sums(kernel::AddScaledWeight<Element, Element>{here(x), here(dy), x.columns / weight.columns}, x.rows, d_weight);
  }

  // ---- rows by number, positions
  template <class T>
  void gather_rows(Placed<const Token> rows, Placed<T> x, Out y) {
    each_place(kernel::GatherRows<std::remove_const_t<T>, Element>{here(rows), here(x), here(y)}, y);
  }
  template <class T>
  [[gnu::noinline]] void scatter_rows(Placed<const Token> rows, In dy, Placed<T> dx) {
    auto mark = this->mark();
    const Placed<Token> order{this->scratch.template take<Token>(rows.columns), 1, rows.columns};
    device_->sort(here(rows), here(order));
    const kernel::SortedRows sorted{here(rows), here(order)};
    const WideOut sums = this->wide(dy.rows, dy.columns);
    each_place(kernel::PieceSums<Element>{sorted, here(dy), here(sums)}, dy);
    each_place(kernel::RowSums<T>{sorted, here(sums), here(dx)}, dy);
  }
  template <class P>
  void add_positions(Index first, Placed<P> table, Out y) {
    each_place(kernel::AddPositions<Element, std::remove_const_t<P>>{work_, first, here(table), here(y)}, y);
  }
  void positions_gradient(Index first, In dy, WideOut d_table) {
    each_place(kernel::PositionsGradient<Element, Wide<Element>>{work_, first, here(dy), here(d_table)}, d_table);
  }
  [[gnu::noinline]] void rotate(const Rotation& rotation, Out x, int direction) {
    auto mark = this->mark();
    const Index half = rotation.pairs(), sequences = this->extent().sequences;
    turns_.resize(static_cast<std::size_t>(sequences * half));
    for (Index s = 0; s < sequences; ++s) {
      const Sequence& sequence = this->sequences()[static_cast<std::size_t>(s)];
      for (Index j = 0; j < half; ++j)
        turns_[static_cast<std::size_t>(s * half + j)] =
            rotation.frequency(j, sequence.position + sequence.length) / (2 * std::numbers::pi);
    }
    const Placed<double> frequencies{this->scratch.template take<double>(sequences * half), sequences, half};
    upload(std::span<const double>{turns_}, frequencies);
    const Index places = x.columns / rotation.head_width * half;
    device_->each(x.rows * places, kernel::EachPlace<kernel::Rotate<Element>>{{work_, here(frequencies), here(x), rotation.head_width,
                                                                               static_cast<float>(rotation.amplitude()), direction},
                                                                              places});
  }
  template <class W>
  void short_convolution(In x, Placed<W> weight, Out y, In initial, Out final) {
    const kernel::ConvolutionInput<Element> input{work_, here(x), here(initial), weight.columns};
    each_place(kernel::ShortConvolution<Element>{input, here(weight), here(y)}, y);
    if (final) device_->each(final.rows * x.columns, kernel::EachPlace<kernel::FinalWindow<Element>>{{input, here(final)}, x.columns});
  }
  template <class W>
  void short_convolution_gradient(In x, Placed<W> weight, In dy, Out dx, WideOut d_weight, In initial, In d_final, Out d_initial) {
    const kernel::ConvolutionInput<Element> input{work_, here(x), here(initial), weight.columns};
    add_column_sums(kernel::ConvolutionWeightGradient<Element>{input, here(dy)}, x.rows, d_weight);
    const kernel::ConvolutionInputGradient<Element> d{work_, here(weight), here(dy), here(d_final)};
    each_place(kernel::ConvolutionGradient<Element>{d, here(dx)}, dx);
    if (d_initial) each_place(kernel::InitialWindowGradient<Element>{d, here(d_initial)}, d_initial);
  }

  // ---- element-wise
  template <class F, class T>
  void map(In x, Placed<T> y) {
    each(kernel::Map<F>{}, x, y);
  }
  template <class F, class T>
  void map_gradient(In x, Placed<T> dy, Out dx) {
    each(kernel::MapGradient<F>{}, x, dy, dx);
  }
  template <class F>
  void gated(In p, In u, Out y) {
    each(kernel::Gated<F>{}, p, u, y);
  }
  template <class F>
  void gated_gradient(In p, In u, In dy, Out dp, Out du) {
    each(kernel::GatedGradient<F>{}, p, u, dy, dp, du);
  }
  void soft_cap(double cap, In x, Out y) { each(kernel::SoftCap{static_cast<float>(cap)}, x, y); }
  void soft_cap_gradient(double cap, In y, In dy, Out dx) { each(kernel::SoftCapGradient{static_cast<float>(cap)}, y, dy, dx); }
  template <class Gate, class B, class W>
  void gate(In f, Placed<B> bound, WideOut log_decay, Placed<W> write, const Gate& settings = {}) {
    const kernel::GateRule<Gate> rule{settings};
    if (bound)
      each_here(rule, here(f), kernel::every_row(here(bound), f.rows), here(log_decay), here(write));
    else
      each(rule, f, log_decay, write);
  }
  template <class Gate, class B, class W>
  void gate_gradient(In f, Placed<B> bound, WideIn d_log_decay, Placed<W> d_write, Out df, WideOut d_bound, const Gate& settings = {}) {
    if (d_bound)
      add_column_sums(kernel::BoundGradient<Gate, Element, std::remove_const_t<B>, Wide<Element>, std::remove_const_t<W>>{
                          settings, here(f), here(bound), here(d_log_decay), here(d_write)},
                      f.rows, d_bound);
    const kernel::GateGradientRule<Gate> rule{settings};
    if (bound)
      each_here(rule, here(f), kernel::every_row(here(bound), f.rows), here(d_log_decay), here(d_write), here(df));
    else
      each(rule, f, d_log_decay, d_write, df);
  }
  template <class R>
  void lower_bounds(Placed<R> raw, WideOut bounds) {
    device_->each(raw.columns, kernel::LowerBoundsRule<std::remove_const_t<R>, Wide<Element>>{here(raw), here(bounds)});
  }
  template <class R>
  void lower_bounds_gradient(Placed<R> raw, WideIn d_bounds, WideOut d_raw) {
    device_->each(raw.columns, kernel::LowerBoundsGradient<std::remove_const_t<R>, Wide<Element>, Wide<Element>>{
                                   here(raw), here(d_bounds), here(d_raw)});
  }
  void dropout(double rate, std::uint64_t stream, Out x) {
    each_place(kernel::Dropout<Element>{here(x), this->key.at(stream), largest_word_below(rate), static_cast<float>(1 / (1 - rate))}, x);
  }

  // ---- norms
  [[gnu::noinline]] void norm(const NormSizes& sizes, In x, In weight, In bias, Out y, WideOut mean, WideOut reciprocal) {
    launch(x.rows * sizes.groups,
           kernel::Norm<Element>{{sizes, x.columns}, here(x), here(weight), here(bias), here(y), here(mean), here(reciprocal)});
  }
  [[gnu::noinline]] void norm_gradient(const NormSizes& sizes, In x, In weight, WideIn mean, WideIn reciprocal, In dy, Out dx,
                                       WideOut d_weight, WideOut d_bias, In plus = {}) {
    if (d_weight)
      add_column_sums(kernel::NormWeightGradient<Element>{{sizes, x.columns}, here(x), here(dy), here(mean), here(reciprocal)}, x.rows,
                      d_weight);
    if (d_bias) bias_gradient(dy, d_bias);
    launch(x.rows * sizes.groups,
           kernel::NormGradient<Element>{
               {sizes, x.columns}, here(x), here(weight), here(mean), here(reciprocal), here(dy), here(dx), here(plus)});
  }

  // ---- losses and sums
  void cross_entropy(Out logits, Placed<const Token> labels, double cap, const CrossEntropyOptions& options, double weight,
                     WideOut losses) {
    launch(logits.rows, kernel::CrossEntropyRows<Element>{here(logits), here(labels), here(losses), static_cast<float>(cap),
                                                          static_cast<float>(options.label_smoothing), static_cast<float>(options.z_loss),
                                                          static_cast<float>(weight)});
  }
  void log_probability(In logits, Placed<const Token> labels, double cap, WideOut result) {
    launch(logits.rows, kernel::LogProbabilityRows<Element>{here(logits), here(labels), here(result), static_cast<float>(cap)});
  }
  template <class T>
  void sum(Placed<T> x, Placed<double> to) {
    device_->sum(x.size(), kernel::ElementOf<std::remove_const_t<T>, false>{here(x)}, to.data);
  }
  template <class T>
  void sum_of_squares(Placed<T> x, Placed<double> to) {
    device_->sum(x.size(), kernel::ElementOf<std::remove_const_t<T>, true>{here(x)}, to.data);
  }
  template <class T>
  [[nodiscard]] double sum_of_squares(Placed<T> x) {
    auto mark = this->mark();
    const Placed<double> to{this->scratch.template take<double>(1), 1, 1};
    sum_of_squares(x, to);
    double result = 0;
    device_->read(&result, to.data, sizeof result);
    return result;
  }
  template <class T>
  [[nodiscard]] bool finite(Placed<T> x) {
    return std::isfinite(sum_of_squares(x));
  }

  // ---- rules of others
  template <class Rule, class... T>
  void each_element(const Rule& rule, Placed<T>... views) {
    each(rule, views...);
  }
  template <class Now, class Rule, class... T>
  void each_element(Placed<const Now> now, const Rule& rule, Placed<T>... views) {
    const kernel::UpdateEach<Now, Rule, T...> update{now.data, rule, size_of(views...), columns_of(views...), {here(views)...}};
    launch(update.teams(), update);
  }
  template <class Rule, class... T>
  void row_by_row(const Rule& rule, Placed<T>... views) {
    device_->each(rows_of(views...), kernel::EachRow<Rule, T...>{rule, {here(views)...}});
  }
  template <class Rule, class... T>
  void apply(const Rule& rule, Placed<T>... records) {
    device_->each(1, kernel::ApplyOnce<Rule, T...>{rule, {records.data...}});
  }

  // ---- for recurrences
  template <class Kernel>
  void launch(Index teams, const Kernel& kernel) {
    if (teams > 0) device_->template launch<Kernel::threads>(teams, kernel);
  }
  template <class T>
  static constexpr View<T> here(const Placed<T>& view) {
    return kernel::here(view);
  }
  // to += sums over `rows` rows of f(r, c), column c the element of `to` in its order.
  template <class F, class T>
  [[gnu::noinline]] void add_column_sums(const F& f, Index rows, Placed<T> to) {
    using Sums = kernel::ColumnSums<F>;
    auto mark = this->mark();
    const WideOut parts = this->wide(kernel::parts_of(rows, Sums::rows_each), to.size());
    const Sums sums{f, static_cast<int>(rows), static_cast<int>(to.size()), here(parts)};
    launch(parts.rows * sums.blocks(), sums);
    device_->each(to.size(), kernel::AddParts<T>{here(parts), here(to)});
  }
  template <class F, class T>
  void each_place(const F& f, Placed<T> matrix) {
    device_->each(matrix.size(), kernel::EachPlace<F>{f, matrix.columns});
  }

 private:
  template <class Rule, class... T>
  void each(const Rule& rule, Placed<T>... views) {
    each_here(rule, here(views)...);
  }
  template <class Rule, class First, class... T>
  void each_here(const Rule& rule, View<First> first, View<T>... views) {
    device_->each(first.size(), kernel::EachElement<Rule, First, T...>{rule, first.columns, {first, views...}});
  }
  template <class L, class R, class Y>
  void product(Placed<L> left, bool left_transposed, Placed<R> right, bool right_transposed, Placed<Y> y, Onto onto) {
    device_->product(kernel::product_of(left, left_transposed, right, right_transposed, y, onto), right.data, left.data, y.data);
  }
  // act(memory, first, count) for what of a matrix lies in one piece: all of it, or its rows.
  template <class T>
  static void each_run(Placed<T> matrix, auto act) {
    const View<T> view = here(matrix);
    if (view.contiguous()) return act(view.data, Index{0}, view.size());
    for (Index r = 0; r < view.rows; ++r) act(view.row(r), r * view.columns, view.columns);
  }
  static Index size_of(const auto& first, const auto&...) { return first.size(); }
  static Index columns_of(const auto& first, const auto&...) { return first.columns; }
  static Index rows_of(const auto& first, const auto&...) { return first.rows; }

  void list_rows() {
    const Index tokens = this->extent().tokens, count = this->extent().sequences;
    kernel::owners_of(this->sequences(), tokens, owners_);
    lists_taken_.reset();
    lists_.reserve(arena_bytes(static_cast<std::size_t>(tokens) * sizeof(Token)) +
                   arena_bytes(static_cast<std::size_t>(count) * sizeof(Sequence)));
    lists_taken_.emplace(lists_);
    const Placed<Token> owners{lists_.template take<Token>(tokens), 1, tokens};
    const Placed<Sequence> sequences{lists_.template take<Sequence>(count), 1, count};
    upload(std::span<const Token>{owners_}, owners);
    upload(std::span<const Sequence>{this->sequences()}, sequences);
    work_ = {here(sequences), here(owners)};
  }

  Device* device_;
  typename Device::Memory lists_;
  std::optional<typename Device::Memory::Mark> lists_taken_;
  kernel::Owners work_;
  std::vector<Token> owners_;  // on their way to the device
  std::vector<double> turns_;
};

// The kernels of a recurrence, and whether they fit a tag's sizes; where they do not or there are none, what its device does instead.
template <class Tag>
struct KernelRecurrence;

template <class Device, class Element, class Tag>
struct Recurrence<KernelContext<Device, Element>, Tag> {
  using C = KernelContext<Device, Element>;
  static constexpr bool has_kernels = requires { sizeof(KernelRecurrence<Tag>); };
  template <class Pass>
  static constexpr bool has_other_way = requires(C& c, const Pass& pass) { c.device().recurrence(c, pass); };

  template <class Pass>
  static void forward(C& c, const Pass& pass)
    requires(has_kernels || has_other_way<Pass>)
  {
    if (fits(pass))
      if constexpr (has_kernels) return KernelRecurrence<Tag>::forward(c, pass);
    if constexpr (has_other_way<Pass>) c.device().recurrence(c, pass);
  }
  template <class Pass>
  static void gradient(C& c, const Pass& pass)
    requires(has_kernels || has_other_way<Pass>)
  {
    if (fits(pass))
      if constexpr (has_kernels) return KernelRecurrence<Tag>::gradient(c, pass);
    if constexpr (has_other_way<Pass>) c.device().recurrence(c, pass);
  }

 private:
  template <class Pass>
  static bool fits(const Pass& pass) {
    if constexpr (has_kernels) {
      const bool result = KernelRecurrence<Tag>::fits(pass.tag);
      require(result || has_other_way<Pass>, "a recurrence's heads are wider than its kernels, and this device has no other way");
      return result;
    } else {
      return false;
    }
  }
};

}  // namespace rondo
