#include <rondo/model/architecture/llama.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered llama{"llama", time_step<Llama>, [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
