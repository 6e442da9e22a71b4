// A tied head on an embedding that is not as wide as the model.
#include <rondo/model/architecture/hgrn1.hpp>

namespace rondo {

constexpr Shape shape = checked<Hgrn1Tied>(Shape{.vocabulary = 100, .width = 12, .depth = 2, .embedding_width = 8});

}  // namespace rondo
