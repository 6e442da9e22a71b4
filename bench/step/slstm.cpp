#include <rondo/model/architecture/xlstm.hpp>

#include "step.hpp"

namespace rondo::bench {

// The small xLSTM with sLSTM blocks alone, their MLPs 1.3 times the width.
const Registered slstm{"slstm", work_of<Xlstm>(), [](const Size& size) {
                         Shape shape = size.shape();
                         shape.mlp_width = (size.width * 13 / 10 + 63) / 64 * 64;
                         shape.second_blocks = BlockSet::all(size.depth);
                         return shape;
                       }};

}  // namespace rondo::bench
