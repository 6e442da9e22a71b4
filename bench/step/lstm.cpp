#include <rondo/model/architecture/lstm.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered lstm{"lstm", work_of<Lstm>(), [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
