#include <rondo/model/architecture/hgrn1.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered hgrn1{"hgrn", work_of<Hgrn1>(), [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
