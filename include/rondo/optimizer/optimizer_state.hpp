// OptimizerState<Optimizer, Backend>: what an optimiser keeps for a model's weights, in one arena, and its walk over them.
//
//   OptimizerState<AdamW, Cpu> state{AdamW{}, weights};                        // slots as the optimiser starts them
//   state.update(c, optimizer, {.step = t, .rate_share = s, .gradient_scale = f}, weights, gradients);
//   state.update_by_now(c, optimizer, weights, gradients);                    // the same by what operations have put in state.now()
//   state.tensors(weights)                                                    // "first.PATH", "second.PATH", ...
//   OptimizerState<AdamW, Cpu> part{AdamW{}, weights, c, groups, &ranges};    // of those elements alone: of a rank beside others
//
// Where an optimiser works element by element, neighbours that it treats alike - same updater, rate and decay - are updated in one
// piece: weights, gradients and slots share one layout, padding included (always zero). update() allocates nothing once the context's
// scratch has its size. Of a part of the elements it updates those, and leaves the rest; a tensor that its optimiser must see whole belongs
// to it whole or not at all (updates_parts).
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/device.hpp>
#include <rondo/model/parameters.hpp>
#include <rondo/optimizer/groups.hpp>
#include <rondo/optimizer/optimizer.hpp>

namespace rondo {

struct NamedNumber {
  std::string name;
  double value = 0;
};

// Whether an optimiser may update a part of a tensor by itself.
template <class Optimizer>
bool updates_parts(const Optimizer& optimizer, const Leaf& leaf) {
  return with_updater(optimizer, leaf, [](const auto& one) { return one.elementwise; });
}

// An update that the host knows; the optimiser's own numbers stay.
struct GiveUpdate {
  Update update;
  RONDO_ANYWHERE void operator()(Update& now) const {
    const auto numbers = now.numbers;
    now = update;
    now.numbers = numbers;
  }
};
// The optimiser's own numbers of the next update.
template <class Optimizer>
struct AdvanceUpdate {
  Optimizer optimizer;
  RONDO_ANYWHERE void operator()(Update& now) const {
    if (now.takes_place) optimizer.advance(now, now.numbers);
  }
};

template <class Optimizer, class Backend>
class OptimizerState {
  static_assert(rondo::Optimizer<Optimizer>,
                "rondo: an optimiser has a name, slots, elementwise, a rate and each_setting (rondo/optimizer/optimizer.hpp)");

 public:
  using Scalar = Wide<typename Backend::Scalar>;  // of weights, gradients and slots alike
  using Context = typename Backend::Context;
  using Tensor = WideOut<Context>;
  using Tensors = TensorBuffer<Scalar, typename Backend::Memory>;
  // What is updated at once: a parameter, a part of it, or neighbours.
  struct Piece {
    Leaf leaf;  // the first
    Index begin = 0, size = 0;  // of the weights' flat(), padding included
    double rate = 1, decay = 1;  // shares
    Index slots = 0;  // where in the arena, one after the other
    std::size_t first = 0, parameters = 1;
    [[nodiscard]] Index end() const { return begin + size; }
  };
  // A slot of a parameter, and what is kept of it here: all, or its elements from `begin` on, which may be none.
  struct KeptSlot {
    std::string name;
    std::size_t parameter;
    Index begin;
    Tensor tensor;
  };

  OptimizerState(const Optimizer& optimizer, const Tensors& weights, Context&& c = Context{}, std::span<const Group> groups = {})
      : OptimizerState(optimizer, weights, c, groups) {}
  // `own`: which elements, [begin, end) in their order; null: all.
  OptimizerState(const Optimizer& optimizer, const Tensors& weights, Context& c, std::span<const Group> groups = {},
                 const std::vector<std::pair<Index, Index>>* own = nullptr) {
    const std::vector<std::pair<Index, Index>> all{{0, weights.flat().columns}};
    const auto& tensors = weights.tensors();
    std::vector<bool> used(groups.size() + 1);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const double rate = groups[i].rate, decay = groups[i].decay.value_or(0);
      require(at_least_zero.hold(rate) && at_least_zero.hold(decay), "optimiser: group ", i, " (path '", groups[i].path,
              "'): rate and decay must be at least 0, found ", rate, " and ", decay);
    }
    Index numbers = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto& [path, leaf, tensor] = tensors[i];
      const std::size_t number = group_of(groups, path, leaf);
      used[number] = true;
      const Group group = number < groups.size() ? groups[number] : Group{};
      const double decay = group.decay.value_or(leaf.decay == Decay::yes ? 1 : 0);
      const auto [begin, end] = place_of(weights, i);
      const auto [count, elementwise] = with_updater(optimizer, leaf, [](const auto& one) {
        return std::pair{std::ssize(one.slots), one.elementwise};
      });
      for (const auto& [own_begin, own_end] : own != nullptr ? *own : all) {
        const Index first = std::max(begin, own_begin), size = std::min(end, own_end) - first;
        if (size <= 0) continue;
        const bool joins = elementwise && !pieces_.empty() && pieces_.back().end() == first &&
                           same_updater(optimizer, pieces_.back().leaf, leaf) && pieces_.back().rate == group.rate &&
                           pieces_.back().decay == decay;
        numbers += count * size;
        if (joins)
          pieces_.back().size += size, ++pieces_.back().parameters;
        else
          pieces_.push_back({leaf, first, size, group.rate, decay, numbers - count * size, i});
      }
    }
    for (std::size_t i = 0; i < groups.size(); ++i)
      require(used[i], "optimiser: group ", i, " (path '", groups[i].path, "') has no parameter");
    memory_ = c.memory();
    memory_.reserve(arena_bytes(static_cast<std::size_t>(numbers) * sizeof(Scalar)) + arena_bytes(sizeof(Update)));
    slots_ = {memory_.template take<Scalar>(numbers), 1, numbers};
    c.zero(slots_);
    now_ = {memory_.template take<Update>(1), 1, 1};
    set_numbers(c, optimizer, {});
    each_piece(optimizer, weights, [&](const auto& one, const Piece&, const auto& w, const auto& slots) {
      if constexpr (requires { one.start(c, WideIn<Context>(w), slots); }) one.start(c, WideIn<Context>(w), slots);
    });
  }

  // The update that update_by_now() does. Its numbers are the optimiser's, kept from one step to the next.
  [[nodiscard]] View<Update, Context::place> now() const { return now_; }
  // By what the host knows.
  void update(Context& c, const Optimizer& optimizer, const Update& now, const auto&... tensors) {
    c.apply(GiveUpdate{now}, now_);
    update_by_now(c, optimizer, tensors...);
  }

  void update_by_now(Context& c, const Optimizer& optimizer, const Tensors& weights, const Tensors& gradients) {
    if (!begin_update(c, optimizer)) return;
    each_piece(optimizer, weights, [&](const auto& one, const Piece& piece, const auto& w, const auto& slots) {
      one.update(c, now_of(piece), piece.leaf, w, WideIn<Context>(of(piece, gradients, one.elementwise)), slots);
    });
  }
  // The same on masters, a parameter at a time: what is written of the weights is stored in the copy, too.
  template <class Stored>
  void update_by_now(Context& c, const Optimizer& optimizer, const Tensors& weights, const Tensors& gradients,
                     const TensorBuffer<Stored, typename Backend::Memory>& copy) {
    if (!begin_update(c, optimizer)) return;
    each_parameter(optimizer, weights, [&](const auto& one, const Piece& piece, std::size_t i, Index begin, const auto& slots) {
      const auto part = [&](const auto& tensor) { return matrix_at(tensor, begin, slots[0].rows, slots[0].columns); };
      const MasterView<Scalar, Stored, Context::place> w{part(weights.tensors()[i].tensor), part(copy.tensors()[i].tensor)};
      one.update(c, now_of(piece), weights.tensors()[i].leaf, w, WideIn<Context>(part(gradients.tensors()[i].tensor)), slots);
    });
  }

  // The weights to evaluate, where they are not those that are trained.
  void evaluation(Context& c, const Optimizer& optimizer, const Tensors& weights, const Tensors& result) const {
    each_piece(optimizer, weights, [&](const auto& one, const Piece& piece, const auto& w, const auto& slots) {
      const auto x = of(piece, result, one.elementwise);
      if constexpr (requires { one.evaluation(c, WideIn<Context>(w), slots, x); })
        one.evaluation(c, WideIn<Context>(w), slots, x);
      else
        c.copy(WideIn<Context>(w), x);
    });
  }

  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(slots_.columns) * sizeof(Scalar); }
  // The optimiser's own numbers. Setting them, one that is not given becomes zero.
  [[nodiscard]] std::vector<NamedNumber> numbers(Context& c, const Optimizer& optimizer) const {
    std::vector<NamedNumber> result;
    with_optimizer(optimizer, [&](const auto& one) {
      if constexpr (requires { one.numbers; }) {
        Update now;
        c.download(View<const Update, Context::place>(now_), std::span<Update>{&now, 1});
        for (std::size_t i = 0; i < std::size(one.numbers); ++i) result.push_back({std::string(one.numbers[i]), now.numbers[i]});
      }
    });
    return result;
  }
  void set_numbers(Context& c, const Optimizer& optimizer, const std::vector<NamedNumber>& given) {
    Update now;
    with_optimizer(optimizer, [&](const auto& one) {
      if constexpr (requires { one.numbers; }) {
        for (std::size_t i = 0; i < std::size(one.numbers); ++i) now.numbers[i] = number_of(given, one.numbers[i]);
      }
    });
    c.upload(std::span<const Update>{&now, 1}, now_);
  }
  // The slots of every parameter, slot after slot.
  [[nodiscard]] std::vector<KeptSlot> kept(const Optimizer& optimizer, const Tensors& weights) const {
    std::vector<std::string_view> names;
    std::vector<KeptSlot> all;
    std::vector<std::size_t> first_of(weights.tensors().size());
    for (std::size_t i = 0; i < weights.tensors().size(); ++i)
      with_updater(optimizer, weights.tensors()[i].leaf, [&](const auto& one) {
        first_of[i] = all.size();
        for (const std::string_view slot : one.slots) {
          if (std::find(names.begin(), names.end(), slot) == names.end()) names.push_back(slot);
          all.push_back({std::string(slot) + "." + weights.tensors()[i].name, i, 0, {}});
        }
      });
    each_parameter(optimizer, weights, [&](const auto&, const Piece&, std::size_t i, Index begin, const auto& slots) {
      for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        KeptSlot& one = all[first_of[i] + slot];
        one.begin = begin;
        one.tensor = slots[slot];
      }
    });
    const auto place = [&](const KeptSlot& one) {
      return std::find(names.begin(), names.end(), std::string_view(one.name).substr(0, one.name.find('.'))) - names.begin();
    };
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
    return all;
  }
  [[nodiscard]] std::vector<NamedTensor<Scalar, Context::place>> tensors(const Optimizer& optimizer, const Tensors& weights) const {
    std::vector<NamedTensor<Scalar, Context::place>> all;
    for (auto& [name, parameter, begin, tensor] : kept(optimizer, weights))
      all.push_back({std::move(name), weights.tensors()[parameter].leaf, tensor});
    return all;
  }

 private:
  static double number_of(const std::vector<NamedNumber>& given, std::string_view name) {
    for (const NamedNumber& one : given)
      if (one.name == name) return one.value;
    return 0;
  }
  static bool same_updater(const Optimizer& optimizer, const Leaf& a, const Leaf& b) {
    return with_updater(optimizer, a, [](const auto& one) { return static_cast<const void*>(&one); }) ==
           with_updater(optimizer, b, [](const auto& one) { return static_cast<const void*>(&one); });
  }
  // A piece of a buffer: as one row, or as the matrix that the parameter is.
  static Tensor of(const Piece& piece, const Tensors& buffer, bool as_row) {
    return shaped(piece, buffer.flat().data + piece.begin, as_row);
  }
  static Tensor shaped(const Piece& piece, Scalar* data, bool as_row) {
    if (as_row) return {data, 1, piece.size};
    return {data, piece.leaf.dimensions.rows(), piece.leaf.dimensions.columns()};
  }
  // False where the host sees that nothing is to be done.
  [[nodiscard]] bool begin_update(Context& c, const Optimizer& optimizer) {
    if constexpr (Context::place == Place::host)
      if (!now_.data->takes_place) return false;
    with_optimizer(optimizer, [&]<class One>(const One& one) {
      if constexpr (requires { one.numbers; }) c.apply(AdvanceUpdate<One>{one}, now_);
    });
    return true;
  }
  PieceUpdate<Context> now_of(const Piece& piece) const { return {now_, piece.rate, piece.decay}; }
  // Where a parameter lies, padding included.
  static std::pair<Index, Index> place_of(const Tensors& weights, std::size_t i) {
    const auto& tensors = weights.tensors();
    const auto begin_of = [&](std::size_t one) {
      return one < tensors.size() ? tensors[one].tensor.data - weights.flat().data : weights.flat().columns;
    };
    return {begin_of(i), begin_of(i + 1)};
  }
  // act(updater, piece, number of the parameter, its first element here, its slots: of the parameter's form where they are whole, else
  // rows)
  template <class Act>
  void each_parameter(const Optimizer& optimizer, const Tensors& weights, Act&& act) const {
    for (const Piece& piece : pieces_)
      for (std::size_t i = piece.first; i < piece.first + piece.parameters; ++i) {
        const Tensor tensor = weights.tensors()[i].tensor;
        const Index place = place_of(weights, i).first, first = std::max(place, piece.begin);
        const Index size = std::min(place + tensor.size(), piece.end()) - first;
        if (size <= 0) continue;  // padding alone
        Scalar* data = slots_.data + piece.slots + (first - piece.begin);
        with_updater(optimizer, weights.tensors()[i].leaf, [&]<class One>(const One& one) {
          Slots<Context, One> slots;
          for (Tensor& slot : slots) {
            slot = size == tensor.size() ? Tensor{data, tensor.rows, tensor.columns} : Tensor{data, 1, size};
            data += piece.size;
          }
          act(one, piece, i, first - place, slots);
        });
      }
  }
  // act(updater, piece, its weights, its slots)
  template <class Act>
  void each_piece(const Optimizer& optimizer, const Tensors& weights, Act&& act) const {
    for (const Piece& piece : pieces_)
      with_updater(optimizer, piece.leaf, [&]<class One>(const One& one) {
        Slots<Context, One> slots;
        for (std::size_t i = 0; i < slots.size(); ++i)
          slots[i] = shaped(piece, slots_.data + piece.slots + static_cast<Index>(i) * piece.size, one.elementwise);
        act(one, piece, of(piece, weights, one.elementwise), slots);
      });
  }

  typename Backend::Memory memory_;
  Tensor slots_;
  std::vector<Piece> pieces_;
  View<Update, Context::place> now_;
};

}  // namespace rondo
