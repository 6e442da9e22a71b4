// What the contexts of all back-ends have in common: which rows form sequences, scratch memory, the random key of the step.
//
// A context is the execution state of a back-end: layers call its operations (rondo/backend/backend.hpp) and take scratch from
// it. `begin` names the tokens and the sequences of a batch; then one forward pass and its backward may run. A context may serve
// several owners - a trainer and the scorer beside it - one pass after the other: they then share its scratch.
//
// A context is made from nothing, for the standard device of its back-end; one with several devices has further constructors.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rondo/backend/composed.hpp>
#include <rondo/backend/placed_sum.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/precision.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/record.hpp>
#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

// How a recurrence runs on the context C of a back-end: by the tag's plain loops. A back-end that has a form of its own specialises it.
// The set of recurrences is open: a tag with plain loops runs wherever the host reads the memory.
template <class C, class Tag>
struct Recurrence {
  static void forward(C& c, const auto& pass)
    requires requires { pass.tag.forward(c, pass); }
  {
    pass.tag.forward(c, pass);
  }
  static void gradient(C& c, const auto& pass)
    requires requires { pass.tag.gradient(c, pass); }
  {
    pass.tag.gradient(c, pass);
  }
};
template <class C, class Tag>
concept HasRecurrence = requires(C& c, const ForwardPass<Tag, typename C::Input, typename C::Output>& forward,
                                 const GradientPass<Tag, typename C::Input, typename C::Output>& gradient) {
  Recurrence<C, Tag>::forward(c, forward);
  Recurrence<C, Tag>::gradient(c, gradient);
};

// What is behind the two calls of a context. (Not its members: a program has those of recurrences that most use compiled once,
// rondo/app/standard_backends.hpp.)
template <class C, class Tag>
void run_forward(C& c, const ForwardPass<Tag, typename C::Input, typename C::Output>& pass) {
  check_pass(pass, c.extent());
  Recurrence<C, Tag>::forward(c, pass);
}
template <class C, class Tag>
void run_gradient(C& c, const GradientPass<Tag, typename C::Input, typename C::Output>& pass) {
  check_pass(pass, c.extent());
  Recurrence<C, Tag>::gradient(c, pass);
}

template <class Backend, class ScalarType, class Memory>
class ContextBase : public ComposedOperations<Backend, View<const ScalarType, Memory::place>, View<ScalarType, Memory::place>> {
 public:
  using Scalar = ScalarType;
  static constexpr Place place = Memory::place;
  using Input = View<const Scalar, place>;
  using Output = View<Scalar, place>;
  using PlacedTokens = View<const Token, place>;
  using WideInput = Wide<Input>;
  using WideOutput = Wide<Output>;

  bool training = false;  // whether dropout acts
  RandomKey key;          // of this step's random numbers
  Memory scratch;

  ContextBase() = default;
  ContextBase(Memory scratch_memory, Memory batch_memory) : scratch(std::move(scratch_memory)), batch_(std::move(batch_memory)) {}

  // What is given must outlive the pass. Dropout acts where it has a key.
  void begin(Sequences sequences, Index tokens, std::optional<RandomKey> dropout = {}) {
    sequences_ = sequences;
    tokens_ = tokens;
    ids_ = {};
    labels_ = {};
    drop(dropout);
  }
  // Ids go where operations read them; labels stay for an objective to look at, and to place.
  void begin(Sequences sequences, Tokens ids, Tokens labels = {}, std::optional<RandomKey> dropout = {}) {
    begin(sequences, ids.columns, dropout);
    labels_ = labels;
    if constexpr (place == Place::device) {
      batch_taken_.reset();
      batch_.reserve(arena_bytes(static_cast<std::size_t>(ids.columns) * sizeof(Token)) + arena_bytes(most_sums * sizeof(double)));
      batch_taken_.emplace(batch_);
      sums_ = {batch_.template take<double>(most_sums), 1, most_sums};
    }
    ids_ = placed(ids, batch_);
  }
  // From here on dropout acts by this key, or not at all.
  void drop(std::optional<RandomKey> dropout) {
    training = dropout.has_value();
    key = dropout.value_or(RandomKey{});
  }
  [[nodiscard]] Sequences sequences() const { return sequences_; }
  [[nodiscard]] PlacedTokens ids() const { return ids_; }
  [[nodiscard]] Tokens labels() const { return labels_; }
  [[nodiscard]] Extent extent() const { return extent_of(tokens_, static_cast<Index>(sequences_.size())); }
  [[nodiscard]] Extent extent_of(Index tokens, Index sequences) const {
    return {tokens, sequences, static_cast<const Backend*>(this)->precision() == Precision::bf16};
  }

  // Until the result's end the batch is some of its sequences, whose rows begin at 0.
  class Part {
   public:
    Part(ContextBase& c, Index first, Index count, Index begin, Index tokens)
        : c_(c), sequences_(std::exchange(c.sequences_, {})), tokens_(std::exchange(c.tokens_, tokens)) {
      const Sequences some = sequences_.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
      c.part_.reserve(sequences_.size());
      c.part_.assign(some.begin(), some.end());
      for (Sequence& sequence : c.part_) sequence.begin -= begin;
      c.sequences_ = c.part_;
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() { c_.sequences_ = sequences_, c_.tokens_ = tokens_; }

   private:
    ContextBase& c_;
    Sequences sequences_;
    Index tokens_;
  };
  [[nodiscard]] Part part(Index first, Index count, Index begin, Index tokens) { return {*this, first, count, begin, tokens}; }

  // Everything taken from scratch after `auto mark = c.mark();` is free again at the end of its block.
  [[nodiscard]] typename Memory::Mark mark() { return typename Memory::Mark{scratch}; }
  [[nodiscard]] Output matrix(Index rows, Index columns) {
    return {scratch.template take<Scalar>(count_of(rows, columns)), rows, columns};
  }
  [[nodiscard]] WideOutput wide(Index rows, Index columns) {
    return {scratch.template take<Wide<Scalar>>(count_of(rows, columns)), rows, columns};
  }
  // Numbers that an operation is given (rows, labels): number(0) .. number(count - 1), in scratch.
  template <class Number>
  [[nodiscard]] PlacedTokens numbers(Index count, Number number) {
    const auto fill = [&](Token* to) {
      for (Index i = 0; i < count; ++i) to[i] = static_cast<Token>(number(i));
    };
    if constexpr (place == Place::host) {
      const View<Token> row{scratch.template take<Token>(count), 1, count};
      fill(row.data);
      return row;
    } else {
      numbers_.resize(static_cast<std::size_t>(count));
      fill(numbers_.data());
      return placed(Tokens{numbers_.data(), 1, count});
    }
  }
  template <class V = Output, class Kind, class Layer>
  [[nodiscard]] auto record(const Kind& kind, const Layer& layer) {
    typename Kind::template Record<Layer, V> result{};
    each_leaf<V>(kind, layer, result, taker());
    return result;
  }

  // A row of the host's where operations read it: itself on hosts, else a copy in scratch.
  template <class T>
  [[nodiscard]] View<const T, place> placed(View<const T> row) {
    return placed(row, scratch);
  }
  // Sums lie where they are made: on a device until the next batch begins. On hosts c.sum() is the number itself.
  [[nodiscard]] PlacedSum sum(WideInput x)
    requires(place == Place::device)
  {
    require(sums_.columns > 0, "sum: more than ", most_sums, " of one batch, or none has begun");
    const View<double, place> to = sums_.middle_columns(0, 1);
    sums_ = sums_.middle_columns(1, sums_.columns - 1);
    self().sum(x, to);
    return PlacedSum{to.data};
  }
  // A number for the host, which waits for it where it lies on a device.
  template <class Number>
  [[nodiscard]] Number read(const Number& number) {
    return number;
  }
  [[nodiscard]] double read(const PlacedSum& sum) {
    double result = 0;
    for (const auto& [at, factor] : sum) {
      double number = 0;
      self().download(View<const double, place>{at, 1, 1}, std::span<double>{&number, 1});
      result += factor * number;
    }
    return result;
  }
  // Memory of the context's device, to be owned by whoever asks.
  [[nodiscard]] Memory memory() const { return {}; }

  // Before a session's pass over so many tokens that reads so many bytes of weights, and before so many tokens to score or to train on; a
  // back-end may have fewer threads while the result lives.
  [[nodiscard]] int threads_for(Index, std::size_t) { return 0; }
  [[nodiscard]] int threads_of_scoring(Index) { return 0; }
  [[nodiscard]] int threads_of_training(Index) { return 0; }

  // In which numbers products read their operands while the result lives; a back-end may know no others than it stores.
  [[nodiscard]] int products_in(Precision precision) {
    require(precision == Precision::float32, "train: this back-end multiplies in the numbers that it stores, not in ",
            precision_names[static_cast<std::size_t>(precision)]);
    return 0;
  }
  [[nodiscard]] Precision precision() const { return Precision::float32; }

  // What a stack tells before and after each of its blocks; a watched context looks at every block's output. Who wants to read the streams
  // of a pass listens.
  bool watched = false;
  std::function<void(Index block, Output stream)> stream_left;
  void enter_block(std::size_t) {}
  void leave_block(std::size_t block, Output stream) {
    if (stream_left) stream_left(static_cast<Index>(block), stream);
    if (watched && !self().finite(stream))
      throw error("block ", block, ": its output is not finite (NaN or infinity)");
  }

  // What a stack's backward tells after each of its blocks: all that the block adds to gradients is there.
  std::function<void(Index block)> gradient_left;
  void leave_gradient(std::size_t block) {
    if (gradient_left) gradient_left(static_cast<Index>(block));
  }

  // A recurrence (rondo/recurrence/recurrence.hpp); its weights may be stored in another type. Throws Error where sizes disagree.
  template <class Tag, class Weights = typename WeightsOf<Tag, Input>::Record>
  void recurrence(const Tag& tag, const Weights& weights, const typename Tag::template Inputs<Input>& in,
                  const typename Tag::template Outputs<Output>& out,
                  const Carried<typename Tag::template State<Output>>& carried = {}) {
    static_assert(HasRecurrence<Backend, Tag>, "rondo: this back-end has no such recurrence; give the tag plain loops");
    auto here = mark();
    run_forward<Backend, Tag>(self(), {tag, sequences_, all_widened(tag, weights), in, out, carried, self().precision()});
  }
  // `d_out` may lack gradients of outputs that nobody reads.
  template <class Tag, class Weights = typename WeightsOf<Tag, Input>::Record>
  void recurrence_gradient(const Tag& tag, const Weights& weights, const typename Tag::template Inputs<Input>& in,
                           const typename Tag::template Outputs<Input>& out, const typename Tag::template Outputs<Input>& d_out,
                           const typename WeightsOf<Tag, WideOutput>::Record& d_weights, const typename Tag::template Inputs<Output>& d_in,
                           const CarriedGradient<typename Tag::template State<Output>>& carried = {}) {
    static_assert(HasRecurrence<Backend, Tag>, "rondo: this back-end has no such recurrence; give the tag plain loops");
    auto here = mark();
    run_gradient<Backend, Tag>(self(),
                               {tag, sequences_, all_widened(tag, weights), in, out, d_out, d_weights, d_in, carried, self().precision()});
  }
  // A matrix as it is computed with: itself. (Back-ends that store weights in another type copy those to scratch.)
  [[nodiscard]] Input widened(Input stored) { return stored; }

 private:
  template <class T>
  [[nodiscard]] View<const T, place> placed(View<const T> row, [[maybe_unused]] Memory& memory) {
    if constexpr (place == Place::host) {
      return row;
    } else {
      const View<T, place> copy{memory.template take<T>(row.columns), 1, row.columns};
      static_cast<Backend*>(this)->upload(std::span<const T>{row.data, static_cast<std::size_t>(row.columns)}, copy);
      return copy;
    }
  }
  [[nodiscard]] Backend& self() { return *static_cast<Backend*>(this); }
  template <class Tag, class Weights>
  [[nodiscard]] auto all_widened(const Tag& tag, const Weights& weights) {
    using Computed = typename WeightsOf<Tag, Input>::Record;
    if constexpr (std::is_same_v<Weights, Computed>) {
      return weights;
    } else if constexpr (!HasWeights<Tag>) {
      return Computed{};
    } else {
      Computed result{};
      walk(WeightRecords{}, tag, Path{},
           [&](const Path&, const Leaf&, const auto& stored, Input& wide) { wide = self().widened(stored); }, weights, result);
      return result;
    }
  }
  [[nodiscard]] auto taker() {
    return [this](const Path&, const Leaf& leaf, auto& member) {
      const Index rows = leaf.dimensions.rows(), columns = leaf.dimensions.columns();
      if constexpr (std::is_same_v<decltype(member), Output&>)
        member = matrix(rows, columns);
      else
        member = wide(rows, columns);
    };
  }

  Sequences sequences_;
  Index tokens_ = 0;
  PlacedTokens ids_;
  Tokens labels_;
  static constexpr Index most_sums = 16;
  Memory batch_;  // a device's copy of the ids, and the sums that are made of the batch
  View<double, place> sums_;  // those that are free
  std::optional<typename Memory::Mark> batch_taken_;
  std::vector<Token> numbers_;  // on their way to a device
  std::vector<Sequence> part_;  // of the batch's
};

}  // namespace rondo
