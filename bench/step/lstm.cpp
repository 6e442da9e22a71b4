#include <rondo/model/architecture/lstm.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered lstm{"lstm", time_step<Lstm>, [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
