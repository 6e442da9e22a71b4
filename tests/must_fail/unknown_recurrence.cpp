// A recurrence that a back-end has no form of: a tag without plain loops.
#include <rondo/backend/reference/reference.hpp>

namespace rondo {

struct Wave {
  template <class V>
  struct Inputs {
    V x;
  };
  auto input_leaves(Extent extent, auto&... in) const { return leaves(buffer("x", {extent.tokens, 1}, in.x...)); }
  template <class V>
  struct Outputs {
    V y;
  };
  auto output_leaves(Extent extent, auto&... out) const { return leaves(buffer("y", {extent.tokens, 1}, out.y...)); }
  template <class V>
  struct State {
    V phase;
  };
  auto state_leaves(Extent extent, auto&... s) const { return leaves(buffer("phase", {extent.sequences, 1}, s.phase...)); }
};

void run(ReferenceContext<double>& c, View<double> x) { c.recurrence(Wave{}, {}, {x}, {x}); }

}  // namespace rondo
