#include <rondo/model/architecture/delta_net.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered delta_net{"delta_net", work_of<DeltaNet>(), [](const Size& size) { return size.shape(); }};
const Registered gated_delta_net{"gated_delta_net", work_of<GatedDeltaNet>(), [](const Size& size) { return size.shape(); }};
const Registered kda{"kda", work_of<Kda>(), [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
