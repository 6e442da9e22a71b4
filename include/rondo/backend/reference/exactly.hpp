// Exactly: operations and recurrences of a back-end whose numbers are stored otherwise, computed by Reference<double> on copies.
//
//   exactly.begin(c);                                            the sequences, ids and dropout of a context
//   exactly([](auto& c, auto... v) { c.add(v...); }, x, y);      views of other numbers than double become copies, and go back rounded
//   exactly.forward(c, pass)  exactly.gradient(c, pass)          a recurrence of the context by its tag's plain loops
//
// Copies of what lies on a device are downloaded, and uploaded again.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include <rondo/backend/reference/reference.hpp>

namespace rondo {

class Exactly {
 public:
  using ExactIn = View<const double>;
  using ExactOut = View<double>;

  template <class C>
  void begin(const C& c) {
    exact_.begin(c.sequences(), c.extent().tokens);
    if constexpr (C::place == Place::host)
      if (const auto ids = c.ids()) exact_.begin(c.sequences(), ids);
    if (c.training) exact_.drop(c.key);
  }
  [[nodiscard]] ReferenceContext<double>& context() { return exact_; }

  void operator()(auto act, auto... arguments) {
    const Arena::Mark mark{exact_.scratch};
    std::tuple<Exact<decltype(arguments)>...> all{Exact<decltype(arguments)>(exact_.scratch, exact_, arguments)...};
    std::apply([&](auto&... each) { act(exact_, each.value...); }, all);
    std::apply([&](auto&... each) { (each.put_back(exact_), ...); }, all);
  }

  template <class C, class Tag, class In, class Out>
  void forward(C& c, const ForwardPass<Tag, In, Out>& pass) {
    const Arena::Mark mark{exact_.scratch};
    Records<C, Out> copies{exact_.scratch, c};
    const Extent extent = exact_.extent();
    const auto initial = copies.state(pass.tag, extent, pass.carried.initial, false);
    const auto final = copies.state(pass.tag, extent, pass.carried.final, true);
    Recurrence<ReferenceContext<double>, Tag>::forward(
        exact_, ForwardPass<Tag, ExactIn, ExactOut>{pass.tag, pass.sequences, copies.template weights<ExactIn>(pass.tag, pass.weights),
                                                    copies.template exact<ExactIn>(InputRecords{extent}, pass.tag, pass.in),
                                                    copies.template exact<ExactOut>(OutputRecords{extent}, pass.tag, pass.out),
                                                    {address(initial), address(final)}});
    copies.put_back();
  }
  template <class C, class Tag, class In, class Out>
  void gradient(C& c, const GradientPass<Tag, In, Out>& pass) {
    const Arena::Mark mark{exact_.scratch};
    Records<C, Out> copies{exact_.scratch, c};
    const Extent extent = exact_.extent();
    const auto initial = copies.state(pass.tag, extent, pass.carried.initial, false);
    const auto d_final = copies.state(pass.tag, extent, pass.carried.d_final, false);
    const auto d_initial = copies.state(pass.tag, extent, pass.carried.d_initial, true);
    Recurrence<ReferenceContext<double>, Tag>::gradient(
        exact_, GradientPass<Tag, ExactIn, ExactOut>{pass.tag, pass.sequences, copies.template weights<ExactIn>(pass.tag, pass.weights),
                                                     copies.template exact<ExactIn>(InputRecords{extent}, pass.tag, pass.in),
                                                     copies.template exact<ExactIn>(OutputRecords{extent}, pass.tag, pass.out),
                                                     copies.template exact<ExactIn>(OutputRecords{extent}, pass.tag, pass.d_out),
                                                     copies.template weights<ExactOut>(pass.tag, pass.d_weights),
                                                     copies.template exact<ExactOut>(InputRecords{extent}, pass.tag, pass.d_in),
                                                     {address(initial), address(d_final), address(d_initial)}});
    copies.put_back();
  }

 private:
  template <class T>
  static constexpr bool is_copied = !std::same_as<T, double> && !std::integral<T> && requires(const T& number) {
    static_cast<double>(number);
  };

  template <class T>
  struct Exact {  // what needs no copy
    T value;
    Exact(Arena&, auto&, T given) : value(given) {}
    void put_back(auto&) {}
  };
  template <class T, Place place>
    requires is_copied<std::remove_const_t<T>>
  struct Exact<View<T, place>> {
    using Number = std::remove_const_t<T>;
    View<T, place> stored;
    View<std::conditional_t<std::is_const_v<T>, const double, double>> value;
    Exact(Arena& arena, auto& c, View<T, place> given) : stored(given) {
      if (!given) return;
      const View<double> copy{arena.take<double>(given.size()), given.rows, given.columns};
      if constexpr (place == Place::host) {
        for (Index r = 0; r < given.rows; ++r)
          for (Index i = 0; i < given.columns; ++i) copy(r, i) = static_cast<double>(stored(r, i));
      } else {
        std::vector<Number> numbers(static_cast<std::size_t>(given.size()));
        c.download(View<const Number, place>(given), std::span<Number>{numbers});
        std::transform(numbers.begin(), numbers.end(), copy.data, [](const Number& number) { return static_cast<double>(number); });
      }
      value = copy;
    }
    void put_back([[maybe_unused]] auto& c) {
      if constexpr (!std::is_const_v<T>) {
        if constexpr (place == Place::host) {
          for (Index r = 0; r < value.rows; ++r)
            for (Index i = 0; i < value.columns; ++i) stored(r, i) = convert_element<T>(value(r, i));
        } else if (value) {
          std::vector<Number> numbers(static_cast<std::size_t>(value.size()));
          std::transform(value.data, value.data + value.size(), numbers.begin(), [](double number) { return convert_element<T>(number); });
          c.upload(std::span<const Number>{numbers}, stored);
        }
      }
    }
  };

  // Copies of records, and what of them is to be rounded back.
  template <class C, class Out>
  class Records {
   public:
    Records(Arena& arena, C& c) : arena_(arena), c_(c) {}
    template <class To, class Kind, class Tag, class From>
    auto exact(const Kind& kind, const Tag& tag, const From& from, bool written = true) {
      typename Kind::template Record<Tag, To> result{};
      walk(kind, tag, Path{}, [&](const Path&, const Leaf&, const auto& stored, auto& copy) { copy = exact_view(stored, written); }, from,
           result);
      return result;
    }
    template <class To, class Tag>
    auto weights(const Tag& tag, const auto& from) {
      if constexpr (HasWeights<Tag>)
        return exact<To>(WeightRecords{}, tag, from);
      else
        return typename WeightsOf<Tag, To>::Record{};
    }
    template <class Tag, class State>
    auto state(const Tag& tag, Extent extent, const State* from, bool written) {
      using Copy = typename Tag::template State<ExactOut>;
      return from ? std::optional<Copy>(exact<ExactOut>(StateRecords{extent}, tag, *from, written)) : std::nullopt;
    }
    void put_back() {
      for (auto& view : stored_) view.put_back(c_);
      for (auto& view : wide_) view.put_back(c_);
    }

   private:
    template <class V>
    auto exact_view(V view, [[maybe_unused]] bool written) {
      Exact<V> copy(arena_, c_, view);
      if constexpr (std::same_as<V, Out>) {
        if (written) stored_.push_back(copy);
      } else if constexpr (std::same_as<V, Wide<Out>>) {
        if (written) wide_.push_back(copy);
      }
      return copy.value;
    }
    Arena& arena_;
    C& c_;
    std::vector<Exact<Out>> stored_;
    std::vector<Exact<Wide<Out>>> wide_;
  };
  static auto address(const auto& state) { return state ? &*state : nullptr; }

  ReferenceContext<double> exact_;
};

}  // namespace rondo
