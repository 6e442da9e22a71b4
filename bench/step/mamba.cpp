#include <rondo/model/architecture/mamba.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered mamba{"mamba", work_of<Mamba>(), [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
