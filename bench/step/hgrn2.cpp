#include <rondo/model/architecture/hgrn2.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered hgrn2{"hgrn2", work_of<Hgrn2>(), [](const Size& size) {
                         Shape shape = size.shape();
                         shape.heads = 4;
                         return shape;
                       }};

}  // namespace rondo::bench
