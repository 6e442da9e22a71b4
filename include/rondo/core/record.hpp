// Records: the tensors of a layer, listed once.
//
// A layer has three records: `Weights<S>`, `Saved<S>` (what its backward needs) and `State<S>` (what a sequence carries from
// one token to the next). Each is a struct whose members have the type S - a view of weights, of gradients, of optimiser
// moments - or are the records of inner layers. A member function lists the members once, for any number of
// records of the same layer side by side:
//
//   template <class S> struct Weights { S weight; S bias; };
//   auto weight_leaves(auto&... w) const {
//     return leaves(parameter("weight", {out_, in_}, normal(0.02), Decay::yes, w.weight...),
//                   parameter("bias", {out_}, zeros(), Decay::no, w.bias...));
//   }
//
// `walk` goes through that list and through the lists of inner layers and calls
//
//   visit(path, leaf, member_of_record_1, member_of_record_2, ...)          path: "blocks.3.mixer.query.weight"
//
// so memory layout, initialisation, optimiser, names in files, counts and printed summaries are the same walk. A member
// that the list forgets does not compile.
#pragma once

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// How a parameter starts:
//   constant    value                            normal   N(0, value^2)         uniform   U(-value, value)
//   ramp        from value to last, in equal steps along the last axis
//   log_count   log(1 + column)
//   time_step   the inverse softplus of a step whose logarithm is uniform between those of value and last, at least 1e-4 (Mamba)
struct Initial {
  enum class Kind { constant, normal, uniform, ramp, log_count, time_step };
  Kind kind = Kind::constant;
  double value = 0;
  double last = 0;
};
constexpr Initial zeros() { return {Initial::Kind::constant, 0}; }
constexpr Initial ones() { return {Initial::Kind::constant, 1}; }
constexpr Initial normal(double deviation) { return {Initial::Kind::normal, deviation}; }
constexpr Initial uniform(double bound) { return {Initial::Kind::uniform, bound}; }
constexpr Initial ramp(double first, double last) { return {Initial::Kind::ramp, first, last}; }
constexpr Initial log_count() { return {Initial::Kind::log_count}; }
constexpr Initial time_step(double low, double high) { return {Initial::Kind::time_step, low, high}; }

// Whether weight decay applies to a parameter.
enum class Decay : bool { no, yes };

// The sizes of a tensor of one to four dimensions, slowest first.
class Dimensions {
 public:
  constexpr Dimensions(std::initializer_list<Index> sizes) {
    for (const Index size : sizes) sizes_[rank_++] = size;
  }
  [[nodiscard]] constexpr std::size_t rank() const { return rank_; }
  [[nodiscard]] constexpr Index operator[](std::size_t axis) const { return sizes_[axis]; }
  [[nodiscard]] constexpr const Index* begin() const { return sizes_.data(); }
  [[nodiscard]] constexpr const Index* end() const { return sizes_.data() + rank_; }
  [[nodiscard]] constexpr Index size() const {
    Index product = 1;
    for (const Index size : *this) product *= size;
    return product;
  }
  // As the matrix that a View is: a vector is one row, trailing dimensions are merged.
  [[nodiscard]] constexpr Index rows() const { return rank_ <= 1 ? 1 : sizes_[0]; }
  [[nodiscard]] constexpr Index columns() const {
    Index product = 1;
    for (std::size_t axis = rank_ <= 1 ? 0 : 1; axis < rank_; ++axis) product *= sizes_[axis];
    return product;
  }
  [[nodiscard]] std::string text() const {
    std::string result = "[";
    for (std::size_t axis = 0; axis < rank_; ++axis) result += (axis ? ", " : "") + std::to_string(sizes_[axis]);
    return result + "]";
  }
  friend constexpr bool operator==(const Dimensions&, const Dimensions&) = default;

 private:
  std::array<Index, 4> sizes_{};
  std::size_t rank_ = 0;
};

struct Leaf {
  std::string_view name;
  Dimensions dimensions;
  Initial initial;
  Decay decay = Decay::no;
};

// The entries of a list.
template <class... Members>
struct LeafEntry {
  Leaf leaf;
  std::tuple<Members&...> members;
};
template <class Layer, class... Members>
struct LayerEntry {
  std::string_view name;
  const Layer& layer;
  std::tuple<Members&...> members;
};
template <class Layer, class... Members>
struct RepeatedEntry {
  std::string_view name;
  const std::vector<Layer>& layers;
  std::tuple<Members&...> members;
};
template <class... Members>
struct RepeatedLeafEntry {
  Leaf leaf;
  std::size_t count;
  std::tuple<Members&...> members;
};
template <class Choice, class... Members>
struct ChoiceEntry {
  const Choice& choice;
  std::tuple<Members&...> members;
};

template <class... Members>
constexpr auto parameter(std::string_view name, Dimensions dimensions, Initial initial, Decay decay, Members&... members) {
  return LeafEntry<Members...>{{name, dimensions, initial, decay}, {members...}};
}
// A matrix that is not a parameter: activations, states.
template <class... Members>
constexpr auto buffer(std::string_view name, Dimensions dimensions, Members&... members) {
  return LeafEntry<Members...>{{name, dimensions, zeros(), Decay::no}, {members...}};
}
// `count` buffers of the same size; the members are vectors.
template <class... Members>
constexpr auto buffers(std::string_view name, std::size_t count, Dimensions dimensions, Members&... members) {
  return RepeatedLeafEntry<Members...>{{name, dimensions, zeros(), Decay::no}, count, {members...}};
}
// The record of an inner layer.
template <class Layer, class... Members>
constexpr auto inside(std::string_view name, const Layer& layer, Members&... members) {
  return LayerEntry<Layer, Members...>{name, layer, {members...}};
}
// One record for each of several inner layers; the members are vectors.
template <class Layer, class... Members>
constexpr auto repeated(std::string_view name, const std::vector<Layer>& layers, Members&... members) {
  return RepeatedEntry<Layer, Members...>{name, layers, {members...}};
}
// The record of the inner layer that a std::variant holds; the members are variants of the alternatives' records.
template <class Choice, class... Members>
constexpr auto chosen(const Choice& choice, Members&... members) {
  return ChoiceEntry<Choice, Members...>{choice, {members...}};
}
template <class... Entries>
constexpr std::tuple<Entries...> leaves(Entries... entries) {
  return {std::move(entries)...};
}

// Which of a layer's records is walked.
struct WeightRecords {
  template <class Layer, class S>
  using Record = typename Layer::template Weights<S>;
  template <class Layer, class... Records>
  constexpr auto list(const Layer& layer, Records&... records) const {
    return layer.weight_leaves(records...);
  }
};
struct SavedRecords {
  template <class Layer, class S>
  using Record = typename Layer::template Saved<S>;
  Extent extent;
  template <class Layer, class... Records>
  constexpr auto list(const Layer& layer, Records&... records) const {
    return layer.saved_leaves(extent, records...);
  }
};
struct StateRecords {
  template <class Layer, class S>
  using Record = typename Layer::template State<S>;
  Extent extent;
  template <class Layer, class... Records>
  constexpr auto list(const Layer& layer, Records&... records) const {
    return layer.state_leaves(extent, records...);
  }
};

// A layer without one of the records inherits the empty one.
struct NoWeights {
  template <class S>
  struct Weights {};
  constexpr auto weight_leaves(auto&...) const { return leaves(); }
};
struct NothingSaved {
  template <class S>
  struct Saved {};
  constexpr auto saved_leaves(Extent, auto&...) const { return leaves(); }
};
struct NoState {
  template <class S>
  struct State {};
  constexpr auto state_leaves(Extent, auto&...) const { return leaves(); }
};

// The number of members of an aggregate.
struct AnyMember {
  template <class T>
  operator T() const;  // never defined: only its type is used
};
template <class Record, std::size_t... I>
constexpr bool takes_members(std::index_sequence<I...>) {
  return requires { Record{(static_cast<void>(I), AnyMember{})...}; };
}
template <class Record, std::size_t Count = 0>
constexpr std::size_t member_count() {
  if constexpr (takes_members<Record>(std::make_index_sequence<Count + 1>{})) return member_count<Record, Count + 1>();
  return Count;
}

struct AnyStorage {};  // stands for S where only the record's form matters

// In place of a path where nobody asks for it: such a walk builds no strings and allocates nothing.
struct NoPath {};

inline std::string join_path(const std::string& path, std::string_view name) {
  if (path.empty()) return std::string(name);
  return name.empty() ? path : path + "." + std::string(name);
}
inline std::string join_path(const std::string& path, std::string_view name, std::size_t number) {
  return join_path(join_path(path, name), std::to_string(number));
}
inline NoPath join_path(NoPath, std::string_view, std::size_t = 0) { return {}; }

template <class Kind, class Layer, class Path, class Visit, class... Records>
void walk(const Kind& kind, const Layer& layer, const Path& path, Visit&& visit, Records&... records);

// A record that is only read has its form already.
template <class Member>
void give_size(std::vector<Member>& members, std::size_t size) {
  if (members.size() != size) members.resize(size);
}
template <class Member>
void give_size(const std::vector<Member>&, std::size_t) {}
template <std::size_t I, class... Members>
void give_alternative(std::variant<Members...>& member) {
  if (member.index() != I) member.template emplace<I>();
}
template <std::size_t I, class... Members>
void give_alternative(const std::variant<Members...>&) {}

// How each kind of entry is walked.
template <class Kind, class Path, class Visit, class... Members>
void walk_entry(const Kind&, const Path& path, Visit& visit, const LeafEntry<Members...>& entry) {
  std::apply([&](Members&... members) { visit(join_path(path, entry.leaf.name), entry.leaf, members...); }, entry.members);
}
template <class Kind, class Path, class Visit, class... Members>
void walk_entry(const Kind&, const Path& path, Visit& visit, const RepeatedLeafEntry<Members...>& entry) {
  std::apply(
      [&](Members&... members) {
        (give_size(members, entry.count), ...);
        for (std::size_t i = 0; i < entry.count; ++i)
          visit(join_path(path, entry.leaf.name, i), entry.leaf, members[i]...);
      },
      entry.members);
}
template <class Kind, class Path, class Visit, class Layer, class... Members>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const LayerEntry<Layer, Members...>& entry) {
  std::apply([&](Members&... members) { walk(kind, entry.layer, join_path(path, entry.name), visit, members...); }, entry.members);
}
template <class Kind, class Path, class Visit, class Layer, class... Members>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const RepeatedEntry<Layer, Members...>& entry) {
  std::apply(
      [&](Members&... members) {
        (give_size(members, entry.layers.size()), ...);
        for (std::size_t i = 0; i < entry.layers.size(); ++i)
          walk(kind, entry.layers[i], join_path(path, entry.name, i), visit, members[i]...);
      },
      entry.members);
}
template <std::size_t I, class Kind, class Path, class Visit, class Choice, class... Members>
void walk_alternative(const Kind& kind, const Path& path, Visit& visit, const ChoiceEntry<Choice, Members...>& entry) {
  if (entry.choice.index() != I) return;
  std::apply(
      [&](Members&... members) {
        (give_alternative<I>(members), ...);
        walk(kind, *std::get_if<I>(&entry.choice), path, visit, *std::get_if<I>(&members)...);
      },
      entry.members);
}
template <class Kind, class Path, class Visit, class Choice, class... Members>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const ChoiceEntry<Choice, Members...>& entry) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (walk_alternative<I>(kind, path, visit, entry), ...); }(
      std::make_index_sequence<std::variant_size_v<Choice>>{});
}

// Walks one or more records of `layer` in lock step. Vectors inside records get their size on the way.
template <class Kind, class Layer, class Path, class Visit, class... Records>
void walk(const Kind& kind, const Layer& layer, const Path& path, Visit&& visit, Records&... records) {
  auto list = kind.list(layer, records...);
  static_assert(std::tuple_size_v<decltype(list)> == member_count<typename Kind::template Record<Layer, AnyStorage>>(),
                "rondo: the list of a record must name every member of the record exactly once");
  std::apply([&](const auto&... entries) { (walk_entry(kind, path, visit, entries), ...); }, list);
}

// The record of `layer` whose members are what `make(path, leaf)` returns for each leaf.
template <class S, class Kind, class Layer, class Make>
auto make_record(const Kind& kind, const Layer& layer, Make&& make) {
  typename Kind::template Record<Layer, S> record{};
  walk(kind, layer, std::string{}, [&](const std::string& path, const Leaf& leaf, S& member) { member = make(path, leaf); },
       record);
  return record;
}

// The same record with every member converted, as a record of read-only views from one of views.
template <class To, class Kind, class Layer, class From>
auto convert_record(const Kind& kind, const Layer& layer, From& from) {
  typename Kind::template Record<Layer, To> record{};
  walk(kind, layer, NoPath{}, [](NoPath, const Leaf&, auto& source, To& target) { target = To(source); }, from, record);
  return record;
}

// The number of scalars in a record.
template <class Kind, class Layer>
Index record_size(const Kind& kind, const Layer& layer) {
  Index sum = 0;
  typename Kind::template Record<Layer, AnyStorage> record{};
  walk(kind, layer, NoPath{}, [&](NoPath, const Leaf& leaf, AnyStorage) { sum += leaf.dimensions.size(); }, record);
  return sum;
}

// The inner record of a pair of records that may both be absent (see State below).
template <class Record>
struct Carried {
  const Record* initial = nullptr;  // state before the first token; absent: zero
  const Record* final = nullptr;    // where the state after the last token goes; absent: not wanted
  template <class Member>
  [[nodiscard]] constexpr Carried<Member> at(Member Record::* member) const {
    return {initial ? &(initial->*member) : nullptr, final ? &(final->*member) : nullptr};
  }
};
template <class Record>
struct CarriedGradient {
  const Record* initial = nullptr;    // the state that the forward pass started from
  const Record* d_final = nullptr;    // gradient of the state after the last token; absent: zero
  const Record* d_initial = nullptr;  // where the gradient of the initial state goes; absent: not wanted
  template <class Member>
  [[nodiscard]] constexpr CarriedGradient<Member> at(Member Record::* member) const {
    return {initial ? &(initial->*member) : nullptr, d_final ? &(d_final->*member) : nullptr,
            d_initial ? &(d_initial->*member) : nullptr};
  }
};

// The view that a member of a state record is, or no view where the record is absent.
template <class Record, class S>
constexpr S view_of(const Record* record, S Record::* member) {
  return record ? record->*member : S{};
}

}  // namespace rondo
