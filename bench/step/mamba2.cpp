#include <rondo/model/architecture/mamba2.hpp>

#include "step.hpp"

namespace rondo::bench {

// Heads of 64 channels, states of 128 numbers a channel.
const Registered mamba2{"mamba2", work_of<Mamba2>(), [](const Size& size) {
                          Shape shape = size.shape();
                          shape.heads = shape.inner() / 64;
                          return shape;
                        }};

}  // namespace rondo::bench
