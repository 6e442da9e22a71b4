// A shape known at compile time whose heads do not divide its width.
#include <rondo/model/architecture/hgrn2.hpp>

namespace rondo {

constexpr Shape shape = checked<Hgrn2>(Shape{.vocabulary = 100, .width = 10, .depth = 2, .heads = 3});

}  // namespace rondo
