// A member that the list of its record forgets.
#include <rondo/core/record.hpp>

namespace rondo {

struct Forgetful {
  template <class S>
  struct Weights {
    S weight, bias;
  };
  auto weight_leaves(auto&... w) const { return leaves(parameter("weight", {2}, zeros(), Decay::no, w.weight...)); }
};

int size() { return static_cast<int>(record_size(WeightRecords{}, Forgetful{})); }

}  // namespace rondo
