// SavedBuffer: what the backward of a layer needs, for passes of any size, in one piece of memory.
//
//   SavedBuffer<Model, Cpu::Context> buffer;
//   const auto& saved = buffer.place(c, model);
//
// The record's views are exactly those of the extent, tokens and sequences; the memory is that of the largest so far, so that batches
// which come and go allocate nothing. It starts uninitialised: a forward pass writes before its backward reads.
#pragma once

#include <algorithm>
#include <optional>

#include <rondo/backend/options.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/record.hpp>

namespace rondo {

template <class Layer, class C>
class SavedBuffer {
 public:
  using Memory = decltype(C::scratch);
  using Record = typename Layer::template Saved<Out<C>>;

  // For the context's pass. What was saved is lost where the extent is another than the last.
  const Record& place(C& c, const Layer& layer) { return place(c, layer, c.extent()); }
  const Record& place(C& c, const Layer& layer, Extent extent) {
    if (taken_ && extent == extent_) return record_;
    const SavedRecords kind{extent};
    taken_.reset();
    bytes_ = 0;
    each_leaf<Out<C>>(kind, layer, record_, [&](const Path&, const Leaf& leaf, auto& view) {
      bytes_ += arena_bytes(static_cast<std::size_t>(leaf.dimensions.size()) * sizeof(*view.data));
    });
    if (bytes_ > reserved_) memory_ = c.memory();
    memory_.reserve(reserved_ = std::max(reserved_, bytes_));
    taken_.emplace(memory_);
    each_leaf<Out<C>>(kind, layer, record_, [&](const Path&, const Leaf& leaf, auto& view) {
      using Number = std::remove_cvref_t<decltype(*view.data)>;
      view = {memory_.template take<Number>(leaf.dimensions.size()), leaf.dimensions.rows(), leaf.dimensions.columns()};
    });
    extent_ = extent;
    return record_;
  }
  [[nodiscard]] const Record& record() const { return record_; }
  // Of the extent it was placed for last.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  Memory memory_;
  std::optional<typename Memory::Mark> taken_;
  Extent extent_;
  std::size_t bytes_ = 0, reserved_ = 0;
  Record record_{};
};

}  // namespace rondo
