// Records: the tensors of a layer, listed once.
//
// A layer has three records: `Weights<S>`, `Saved<S>` (what its backward needs) and `State<S>` (what a sequence carries from
// one token to the next). Each is a struct whose members have the type S - a view of weights, of gradients, of optimiser
// moments - or Wide<S> (rondo/core/wide.hpp), or are the records of inner layers. A member function lists the members once, for any
// number of records of the same layer side by side:
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
//
// `each_leaf<S>` is the walk of one record whose visitor's type is put aside: compiled once for each layer and S, whoever visits.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/core/carried.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/leaf.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>
#include <rondo/core/wide.hpp>

namespace rondo {

// The members of the records walked that an entry is about: one for each record.
template <class... Members>
struct MembersOf {
  std::tuple<Members&...> all;
  constexpr MembersOf(Members&... members) : all(members...) {}
  constexpr void give_to(auto&& act) const { std::apply(act, all); }
};
template <class Member>
struct MembersOf<Member> {  // the usual case, which costs the compiler less
  Member& only;
  constexpr void give_to(auto&& act) const { act(only); }
};

// The entries of a list. One that is absent is not walked: its members stay what they are by default, views without data.
template <class... Members>
struct LeafEntry {
  Leaf leaf;
  MembersOf<Members...> members;
  bool present = true;
  constexpr LeafEntry only_if(bool is_there) const {
    LeafEntry result = *this;
    result.present = is_there;
    return result;
  }
  constexpr LeafEntry as(Role role, Parts parts = {}) const {
    LeafEntry result = *this;
    result.leaf.role = role;
    result.leaf.parts = parts;
    return result;
  }
};
template <class Layer, class... Members>
struct LayerEntry {
  std::string_view name;
  const Layer& layer;
  MembersOf<Members...> members;
  bool present = true;
  constexpr LayerEntry only_if(bool is_there) const { return {name, layer, members, is_there}; }
};
template <class Layer, class... Members>
struct RepeatedEntry {
  std::string_view name;
  const std::vector<Layer>& layers;
  MembersOf<Members...> members;
};
template <class... Members>
struct RepeatedLeafEntry {
  Leaf leaf;
  std::size_t count;
  MembersOf<Members...> members;
};
template <class Choice, class... Members>
struct ChoiceEntry {
  const Choice& choice;
  MembersOf<Members...> members;
};

// A list: entries of different types, in order (what std::tuple is, for less of the compiler's time).
template <std::size_t I, class Entry>
struct Listed {
  Entry entry;
};
template <class Numbers, class... Entries>
struct EntryList;
template <std::size_t... I, class... Entries>
struct EntryList<std::index_sequence<I...>, Entries...> : Listed<I, Entries>... {
  static constexpr std::size_t size = sizeof...(Entries);
  constexpr void walk(const auto& kind, const auto& path, auto& visit) const {
    (walk_entry(kind, path, visit, static_cast<const Listed<I, Entries>&>(*this).entry), ...);
  }
};

// A matrix, or a vector where it has one dimension; parameter(...).as(Role::embedding) is something else.
template <class... Members>
constexpr auto parameter(std::string_view name, Dimensions dimensions, Initial initial, Decay decay, Members&... members) {
  return LeafEntry<Members...>{{name, dimensions, initial, decay, dimensions.rank() > 1 ? Role::matrix : Role::vector, {}}, {members...}};
}
template <class... Members>
constexpr auto parameter(const Leaf& leaf, Members&... members) {
  return LeafEntry<Members...>{leaf, {members...}};
}
// A matrix that is not a parameter: activations, states.
template <class... Members>
constexpr auto buffer(std::string_view name, Dimensions dimensions, Members&... members) {
  return LeafEntry<Members...>{{name, dimensions, zeros()}, {members...}};
}
// `count` buffers of the same size; the members are vectors.
template <class... Members>
constexpr auto buffers(std::string_view name, std::size_t count, Dimensions dimensions, Members&... members) {
  return RepeatedLeafEntry<Members...>{{name, dimensions, zeros()}, count, {members...}};
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
constexpr EntryList<std::index_sequence_for<Entries...>, Entries...> leaves(Entries... entries) {
  return {{entries}...};
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

// Where a walk is: the names of the layers it went through, each known by the next, as text for who asks.
class Path {
 public:
  Path(std::string_view name = {}) : name_(name) {}
  Path(const char* name) : name_(name) {}
  Path(const std::string& name) : name_(name) {}
  Path(const Path& outer, std::string_view name) : outer_(&outer), name_(name) {}
  Path(const Path& outer, std::string_view name, std::size_t number) : outer_(&outer), name_(name), number_(static_cast<Index>(number)) {}

  [[nodiscard]] std::string text() const {
    std::string result = outer_ ? outer_->text() : std::string{};
    const auto add = [&](std::string_view word) {
      if (!result.empty() && !word.empty()) result += '.';
      result += word;
    };
    add(name_);
    if (number_ >= 0) add(std::to_string(number_));
    return result;
  }
  operator std::string() const { return text(); }

 private:
  const Path* outer_ = nullptr;
  std::string_view name_;
  Index number_ = -1;
};

// Any visitor of a record of S. One that takes no Wide<S> may visit records without such members alone.
template <class S>
class LeafVisitor {
 public:
  template <class Visit>
    requires(!std::is_same_v<std::remove_const_t<Visit>, LeafVisitor>)
  LeafVisitor(Visit&& visit)
      : visit_(const_cast<void*>(static_cast<const void*>(&visit))), call_(call<Visit, S>), call_wide_(call<Visit, Wide<S>>) {}
  void operator()(const Path& path, const Leaf& leaf, S& member) const { call_(visit_, path, leaf, member); }
  void operator()(const Path& path, const Leaf& leaf, Wide<S>& member) const
    requires(!std::is_same_v<S, Wide<S>>)
  {
    call_wide_(visit_, path, leaf, member);
  }

 private:
  template <class Visit, class Member>
  static void call(void* to, const Path& path, const Leaf& leaf, Member& member) {
    auto& visit = *static_cast<std::remove_reference_t<Visit>*>(to);
    if constexpr (std::is_same_v<Member, S> || std::is_invocable_v<decltype(visit), const Path&, const Leaf&, Member&>)
      visit(path, leaf, member);
    else
      throw error("record: '", path.text(), "' is wide, which its visitor does not expect");
  }

  void* visit_;
  void (*call_)(void*, const Path&, const Leaf&, S&);
  void (*call_wide_)(void*, const Path&, const Leaf&, Wide<S>&);
};

template <class Kind, class Layer, class Visit, class... Records>
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
template <class Kind, class Visit, class... Members>
void walk_entry(const Kind&, const Path& path, Visit& visit, const LeafEntry<Members...>& entry) {
  if (!entry.present) return;
  entry.members.give_to([&](Members&... members) { visit(Path{path, entry.leaf.name}, entry.leaf, members...); });
}
template <class Kind, class Visit, class... Members>
void walk_entry(const Kind&, const Path& path, Visit& visit, const RepeatedLeafEntry<Members...>& entry) {
  entry.members.give_to([&](Members&... members) {
    (give_size(members, entry.count), ...);
    for (std::size_t i = 0; i < entry.count; ++i) visit(Path{path, entry.leaf.name, i}, entry.leaf, members[i]...);
  });
}
template <class Kind, class Visit, class Layer, class... Members>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const LayerEntry<Layer, Members...>& entry) {
  if (!entry.present) return;
  entry.members.give_to([&](Members&... members) { walk(kind, entry.layer, Path{path, entry.name}, visit, members...); });
}
template <class Kind, class Visit, class Layer, class... Members>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const RepeatedEntry<Layer, Members...>& entry) {
  entry.members.give_to([&](Members&... members) {
    (give_size(members, entry.layers.size()), ...);
    for (std::size_t i = 0; i < entry.layers.size(); ++i)
      walk(kind, entry.layers[i], Path{path, entry.name, i}, visit, members[i]...);
  });
}
template <std::size_t I, class Kind, class Visit, class Choice, class... Members>
void walk_alternative(const Kind& kind, const Path& path, Visit& visit, const ChoiceEntry<Choice, Members...>& entry) {
  if (entry.choice.index() != I) return;
  entry.members.give_to([&](Members&... members) {
    (give_alternative<I>(members), ...);
    walk(kind, *std::get_if<I>(&entry.choice), path, visit, *std::get_if<I>(&members)...);
  });
}
template <class Kind, class Visit, class Choice, class... Members>
void walk_entry(const Kind& kind, const Path& path, Visit& visit, const ChoiceEntry<Choice, Members...>& entry) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (walk_alternative<I>(kind, path, visit, entry), ...); }(
      std::make_index_sequence<std::variant_size_v<Choice>>{});
}

// Walks one or more records of `layer` in lock step. Vectors inside records get their size on the way.
template <class Kind, class Layer, class Visit, class... Records>
void walk(const Kind& kind, const Layer& layer, const Path& path, Visit&& visit, Records&... records) {
  const auto list = kind.list(layer, records...);
  static_assert(decltype(list)::size == member_count<typename Kind::template Record<Layer, AnyStorage>>(),
                "rondo: the list of a record must name every member of the record exactly once");
  list.walk(kind, path, visit);
}

// Walks one record of S: visit(path, leaf, member).
template <class S, class Kind, class Layer, class Record>
void each_leaf(const Kind& kind, const Layer& layer, Record& record, const LeafVisitor<S>& visit) {
  walk(kind, layer, Path{}, visit, record);
}

// Visits the leaves of a record that need not exist. (The views are those that most programs walk anyway.)
template <class Kind, class Layer, class Visit>
void each_leaf_of(const Kind& kind, const Layer& layer, Visit&& visit) {
  typename Kind::template Record<Layer, View<float>> record{};
  each_leaf<View<float>>(kind, layer, record, [&](const Path& path, const Leaf& leaf, View<float>&) { visit(path, leaf); });
}

// The record of `layer` whose members are what `make(path, leaf)` returns for each leaf.
template <class S, class Kind, class Layer, class Make>
auto make_record(const Kind& kind, const Layer& layer, Make&& make) {
  typename Kind::template Record<Layer, S> record{};
  each_leaf<S>(kind, layer, record, [&](const Path& path, const Leaf& leaf, S& member) { member = make(path, leaf); });
  return record;
}

// The same record with every member converted, as a record of read-only views from one of views.
template <class To, class Kind, class Layer, class From>
auto convert_record(const Kind& kind, const Layer& layer, From& from) {
  typename Kind::template Record<Layer, To> record{};
  walk(kind, layer, Path{}, [](const Path&, const Leaf&, auto& source, To& target) { target = To(source); }, from, record);
  return record;
}

// The number of scalars in a record; Error where it is beyond what any memory holds.
template <class Kind, class Layer>
Index record_size(const Kind& kind, const Layer& layer) {
  Index sum = 0;
  each_leaf_of(kind, layer, [&](const Path&, const Leaf& leaf) { sum = total_of(sum, leaf.dimensions.size()); });
  return sum;
}

}  // namespace rondo
