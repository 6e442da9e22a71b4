#include <rondo/model/architecture/xlstm.hpp>

#include "step.hpp"

namespace rondo::bench {

// The small xLSTM with mLSTM blocks alone.
const Registered mlstm{"mlstm", work_of<Xlstm>(), [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
