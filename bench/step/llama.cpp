#include <rondo/model/architecture/llama.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered llama{"llama", work_of<Llama>(), [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
