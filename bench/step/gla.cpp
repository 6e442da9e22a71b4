#include <rondo/model/architecture/gla.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered gla{"gla", work_of<Gla>(), [](const Size& size) {
                       Shape shape = size.shape();
                       shape.heads = 4;
                       return shape;
                     }};

}  // namespace rondo::bench
