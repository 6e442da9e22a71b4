// Kept<Inner>: Inner, what it saves kept in bf16 between the passes of a training step that multiplies in bf16 (Extent::rounds).
//
//   forward    Inner's, with its Saved in scratch, which is then rounded into the record
//   backward   the record widened to scratch, then Inner's
//
// So a loss is that of saved float32, and no layer computes with halves; of what the backward reads, most would be rounded on the way into
// its products anyway. Which matrices are rounded a layer says by their dimensions, extent.kept(columns); all others - statistics, log
// sums, cells, what a recurrence in float32 reads - are handed on as they are. Where nothing is rounded a pass is Inner's own.
//
// A batch is then taken a quarter at a time, in at least 1024 rows, of whole sequences or as Inner allows (`Apart`), so that scratch is a
// quarter, too, and stays in caches.
#pragma once

#include <algorithm>

#include <rondo/layer/layer.hpp>

namespace rondo {

// Where a matrix that is kept is computed: there, or in scratch where it is rounded. From there into what is kept, and back.
template <class C>
[[nodiscard]] Out<C> unrounded(C& c, Out<C> kept, Index columns) {
  return kept.columns == columns ? kept : c.matrix(kept.rows, columns);
}
template <class C>
void round_into(C& c, In<C> x, Out<C> kept) {
  if constexpr (requires { c.round(x, kept); })
    if (kept.columns != x.columns) c.round(x, kept);
}
template <class C>
void widen_from(C& c, In<C> kept, Out<C> x) {
  if constexpr (requires { c.widen(kept, x); })
    if (kept.columns != x.columns) c.widen(kept, x);
}

// A list of what is saved, walked as that of a Kept.
template <class List>
struct KeptList {
  static constexpr std::size_t size = List::size;
  List list;
  constexpr void walk(const SavedRecords& kind, const Path& path, auto& visit) const {
    list.walk(SavedRecords{kind.extent.of_kept()}, path, visit);
  }
};

template <class Inner>
class Kept : public RecordsOf<Inner> {
  using RecordsOf<Inner>::inner_;

 public:
  constexpr explicit Kept(Inner inner) : RecordsOf<Inner>(std::move(inner)) {}

  [[nodiscard]] constexpr const Inner& inner() const { return inner_; }
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    const auto list = inner_.saved_leaves(extent.of_kept(), s...);
    return KeptList<std::remove_const_t<decltype(list)>>{list};
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto& carried) const {
    const bool fresh = !carried.initial && !carried.final;
    const bool done = each_part(c, saved, x.rows, fresh, [&](auto& here, Part<C>& part) {
      inner_.forward(c, w, part.of(x), part.of(y), here, carried);
      part.each(*this, here, saved, Step::round);
    });
    if (!done) inner_.forward(c, w, x, y, saved, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, const auto& carried) const {
    const bool fresh = !carried.initial && !carried.d_final && !carried.d_initial;
    const bool done = each_part(c, saved, x.rows, fresh, [&](auto& here, Part<C>& part) {
      part.each(*this, here, saved, Step::widen);
      inner_.backward(c, w, part.of(x), part.of(dy), part.of(dx), here, dw, carried);
    });
    if (!done) inner_.backward(c, w, x, dy, dx, saved, dw, carried);
  }

 private:
  static constexpr Index least_rows = 1024;
  enum class Step { look, place, round, widen };

  // Rows of a batch, and what is done with the leaves of its record and those of a record of these rows, which Inner computes with.
  template <class C>
  struct Part {
    C& c;
    Index of_rows, begin, rows;
    Step step = Step::look;
    bool rounded = false, has_rows = true;  // any of the leaves; all of them

    template <class V>
    [[nodiscard]] V of(V matrix) const {
      return matrix.middle_rows(begin, rows);
    }
    void each(const Kept& kept, auto& here, const auto& saved, Step what) {
      step = what;
      walk(SavedRecords{c.extent().exact()}, kept.inner_, Path{}, *this, here, saved);
    }
    void operator()(const Path&, const Leaf& leaf, Out<C>& here, const Out<C>& all) {
      const Index columns = leaf.dimensions.columns();
      if (step == Step::look) {
        rounded = rounded || all.columns != columns;
        has_rows = has_rows && all.rows == of_rows;
        return;
      }
      const Out<C> kept = rows == of_rows ? all : of(all);
      if (step == Step::place) here = unrounded(c, kept, columns);
      if (step == Step::round) round_into(c, In<C>(here), kept);
      if (step == Step::widen) widen_from(c, In<C>(kept), here);
    }
  };

  // act(record to compute with, part) for all parts of the batch; false, and nothing done, where nothing is rounded.
  template <class C, class Saved>
  bool each_part(C& c, const Saved& saved, Index rows, bool fresh, auto act) const {
    if constexpr (requires(Out<C> x) { c.round(x, x); }) {
      if (!c.extent().rounds) return false;
      Saved here{};
      Part<C> part{c, rows, 0, rows};
      part.each(*this, here, saved, Step::look);
      if (!part.rounded) return false;
      const Sequences all = c.sequences();
      const auto count = std::ssize(all);
      // (Where there are as many sequences, a leaf's rows may be theirs.)
      bool whole = rows <= least_rows || !part.has_rows || count == rows || !fresh || apart_of<Inner>() == Apart::none;
      if constexpr (requires { inner_.drops(c); }) whole = whole || inner_.drops(c);
      const Index least = whole ? rows : std::max(least_rows, (rows + 3) / 4);
      const auto compute = [&](Index end) {
        part.rows = end - part.begin;
        part.each(*this, here, saved, Step::place);
        act(here, part);
      };
      Index first = 0;
      do {
        auto mark = c.mark();
        Index end = std::min(part.begin + least, rows), next = first;
        if (whole || apart_of<Inner>() == Apart::tokens) {
          compute(end);
          continue;
        }
        while (next < count && all[static_cast<std::size_t>(next)].begin < end) ++next;
        end = next < count ? all[static_cast<std::size_t>(next)].begin : rows;
        const auto some = c.part(first, next - first, part.begin, end - part.begin);
        compute(end);
        first = next;
      } while ((part.begin += part.rows) < rows);
      return true;
    } else {
      return false;
    }
  }
};

}  // namespace rondo
