// What the contexts of all back-ends have in common: which rows form sequences, scratch memory, the random key of the step.
//
// A context is the execution state of a back-end: layers call its operations (rondo/backend/backend.hpp) and take scratch from
// it. `begin` names the sequences of a batch; then one forward pass and its backward may run.
#pragma once

#include <optional>

#include <rondo/backend/composed.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/record.hpp>

namespace rondo {

// How one recurrence runs on one back-end: static forward(context, tag, ...) and gradient(context, tag, ...). The set is open:
// a user's own recurrence specialises it for Reference and for the back-ends it wants.
template <class Backend, class Tag>
struct Recurrence {
  static_assert(sizeof(Tag) == 0, "rondo: this back-end has no such recurrence; specialise rondo::Recurrence<Backend, Tag>");
};

template <class Backend, class ScalarType, class Memory>
class ContextBase : public ComposedOperations<Backend, View<const ScalarType>, View<ScalarType>> {
 public:
  using Scalar = ScalarType;
  using Input = View<const Scalar>;
  using Output = View<Scalar>;

  bool training = false;  // whether dropout acts
  RandomKey key;          // of this step's random numbers
  Memory scratch;

  // The sequences must outlive the pass. Dropout acts where it has a key.
  void begin(Sequences sequences, Index tokens, std::optional<RandomKey> dropout = {}) {
    sequences_ = sequences;
    tokens_ = tokens;
    training = dropout.has_value();
    key = dropout.value_or(RandomKey{});
  }
  [[nodiscard]] Sequences sequences() const { return sequences_; }
  [[nodiscard]] Extent extent() const { return {tokens_, static_cast<Index>(sequences_.size())}; }

  // Everything taken from scratch after `auto mark = c.mark();` is free again at the end of its block.
  [[nodiscard]] typename Memory::Mark mark() { return typename Memory::Mark{scratch}; }
  [[nodiscard]] Output matrix(Index rows, Index columns) {
    return {scratch.template take<Scalar>(rows * columns), rows, columns};
  }
  template <class Kind, class Layer>
  [[nodiscard]] auto record(const Kind& kind, const Layer& layer) {
    typename Kind::template Record<Layer, Output> result{};
    each_leaf<Output>(kind, layer, result, taker());
    return result;
  }

  // What a stack tells before and after each of its blocks; a watched context looks at every block's output.
  bool watched = false;
  void enter_block(std::size_t) {}
  void leave_block(std::size_t block, Output stream) {
    if (watched && !static_cast<Backend*>(this)->finite(stream))
      throw error("block ", block, ": its output is not finite (NaN or infinity)");
  }

  template <class Tag, class... Arguments>
  void recurrence(const Tag& tag, const Arguments&... arguments) {
    Recurrence<Backend, Tag>::forward(*static_cast<Backend*>(this), tag, arguments...);
  }
  template <class Tag, class... Arguments>
  void recurrence_gradient(const Tag& tag, const Arguments&... arguments) {
    Recurrence<Backend, Tag>::gradient(*static_cast<Backend*>(this), tag, arguments...);
  }

 private:
  [[nodiscard]] auto taker() {
    return [this](const Path&, const Leaf& leaf, Output& member) {
      member = matrix(leaf.dimensions.rows(), leaf.dimensions.columns());
    };
  }

  Sequences sequences_;
  Index tokens_ = 0;
};

}  // namespace rondo
