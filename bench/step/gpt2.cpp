#include <rondo/model/architecture/gpt2.hpp>

#include "step.hpp"

namespace rondo::bench {

// As the baseline has it: four times as wide inside, 1024 positions.
const Registered gpt2{"gpt2", work_of<Gpt2>(), [](const Size& size) {
                        Shape shape = size.shape();
                        shape.mlp_width = 4 * shape.width;
                        shape.context = std::max<Index>(1024, size.length);
                        return shape;
                      }};

}  // namespace rondo::bench
