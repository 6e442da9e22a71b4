// Heads of odd width, whose keys are to be half as wide.
#include <rondo/model/architecture/gla.hpp>

namespace rondo {

constexpr Shape shape = checked<Gla>(Shape{.vocabulary = 100, .width = 9, .depth = 2, .heads = 3});

}  // namespace rondo
