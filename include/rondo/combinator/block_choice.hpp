// BlockChoice<Place, Blocks...>: a block of one of several types, chosen by its number in the stack (Pattern, Either).
//
//   Place::number(shape, block, count)    which of `count` types block number `block` is of
//   Place::check(shape, count)            throws Error where the shape has no such stack
//   Place::uses(shape, number)            whether there is a block of that type
//   Place::seen(shape, number)            the shape as blocks of that type see it
//
// Each alternative keeps its own records. What blocks share (lower bounds) is of one kind in all alternatives that share anything.
#pragma once

#include <utility>
#include <variant>

#include <rondo/layer/layer.hpp>

namespace rondo {

// What the blocks share that share anything.
template <class... Blocks>
struct SharedByAll {
  using type = NothingShared;
};
template <class First, class... Rest>
struct SharedByAll<First, Rest...> {
  using Own = typename First::Shared;
  using Others = typename SharedByAll<Rest...>::type;
  static constexpr bool shares = !std::is_same_v<Own, NothingShared>, others_share = !std::is_same_v<Others, NothingShared>;
  static_assert(!shares || !others_share || std::is_same_v<Own, Others>,
                "rondo: the blocks of a stack share one kind of parameters, and two of these blocks name different ones as Shared");
  using type = std::conditional_t<shares, Own, Others>;
};

// A layer that shares nothing is handed nothing, whatever stands beside it.
template <class Layer, class S>
Share<S> share_of(const Share<S>& share) {
  return std::is_same_v<typename Layer::Shared, NothingShared> ? Share<S>{} : share;
}

// The same types, each once.
template <class Unique, class... Types>
struct UniqueTypes {
  using type = Unique;
};
template <template <class...> class List, class... Kept, class First, class... Rest>
struct UniqueTypes<List<Kept...>, First, Rest...> {
  using type = typename UniqueTypes<
      std::conditional_t<(std::is_same_v<First, Kept> || ...), List<Kept...>, List<Kept..., First>>, Rest...>::type;
};

// The variant of one kind of record of each alternative.
template <class Kind, class Choice, class S>
struct RecordChoice;
template <class Kind, class... Alternatives, class S>
struct RecordChoice<Kind, std::variant<Alternatives...>, S> {
  using type = std::variant<typename Kind::template Record<Alternatives, S>...>;
};

template <class Place, class... Blocks>
class BlockChoice {
  using Choice = typename UniqueTypes<std::variant<>, Blocks...>::type;

 public:
  using Shared = typename SharedByAll<Blocks...>::type;

  static constexpr void check(const Shape& shape) {
    Place::check(shape, static_cast<Index>(sizeof...(Blocks)));
    check_each(shape, std::index_sequence_for<Blocks...>{});
  }
  BlockChoice(const Shape& shape, Index block)
      : BlockChoice(shape, block, Place::number(shape, block, static_cast<Index>(sizeof...(Blocks)))) {}

  template <class S>
  struct Weights {
    typename RecordChoice<WeightRecords, Choice, S>::type choice;
  };
  auto weight_leaves(auto&... w) const { return leaves(chosen(choice_, w.choice...)); }
  template <class S>
  struct Saved {
    typename RecordChoice<SavedRecords, Choice, S>::type choice;
  };
  auto saved_leaves(Extent, auto&... s) const { return leaves(chosen(choice_, s.choice...)); }
  template <class S>
  struct State {
    typename RecordChoice<StateRecords, Choice, S>::type choice;
  };
  auto state_leaves(Extent, auto&... s) const { return leaves(chosen(choice_, s.choice...)); }

  [[nodiscard]] Index in() const {
    return std::visit([](const auto& block) { return block.in(); }, choice_);
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, HandedFor<BlockChoice, C> carried) const {
    with_choice([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      using Block = std::variant_alternative_t<I, Choice>;
      std::get<I>(choice_).forward(c, std::get<I>(w.choice), x, y, std::get<I>(saved.choice),
                                   HandedFor<Block, C>{{alternative<I>(carried.initial), alternative<I>(carried.final)},
                                                       share_of<Block>(carried.share)});
    });
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                HandedGradientFor<BlockChoice, C> carried) const {
    with_choice([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      using Block = std::variant_alternative_t<I, Choice>;
      std::get<I>(choice_).backward(
          c, std::get<I>(w.choice), x, dy, dx, std::get<I>(saved.choice), std::get<I>(dw.choice),
          HandedGradientFor<Block, C>{
              {alternative<I>(carried.initial), alternative<I>(carried.d_final), alternative<I>(carried.d_initial)},
              share_of<Block>(carried.share)});
    });
  }

 private:
  BlockChoice(const Shape& shape, Index block, Index number)
      : choice_(make<Blocks...>(Place::seen(shape, number), block, number)) {}

  template <std::size_t... I>
  static constexpr void check_each(const Shape& shape, std::index_sequence<I...>) {
    ((Place::uses(shape, static_cast<Index>(I)) ? Blocks::check(Place::seen(shape, static_cast<Index>(I))) : void()), ...);
  }
  template <class First, class... Rest>
  static Choice make(const Shape& shape, Index block, Index number) {
    if constexpr (sizeof...(Rest) > 0)
      if (number > 0) return make<Rest...>(shape, block, number - 1);
    return Choice(std::in_place_type<First>, shape, block);
  }
  template <class Do>
  void with_choice(Do&& act) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((choice_.index() == I ? act(std::integral_constant<std::size_t, I>{}) : void()), ...);
    }(std::make_index_sequence<std::variant_size_v<Choice>>{});
  }
  template <std::size_t I, class Record>
  static auto alternative(const Record* record) {
    return record ? &std::get<I>(record->choice) : nullptr;
  }

  Choice choice_;
};

}  // namespace rondo
