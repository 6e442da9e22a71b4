#include <rondo/model/architecture/mamba3.hpp>

#include "step.hpp"

namespace rondo::bench {

// Heads of 64 channels, states of 128 numbers a channel of which half turn.
const Registered mamba3{"mamba3", work_of<Mamba3>(), [](const Size& size) {
                          Shape shape = size.shape();
                          shape.heads = shape.inner() / 64;
                          shape.rope_share = 0.5;
                          return shape;
                        }};

}  // namespace rondo::bench
