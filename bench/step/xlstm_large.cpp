#include <rondo/model/architecture/xlstm_large.hpp>

#include "step.hpp"

namespace rondo::bench {

const Registered xlstm_large{"xlstm_large", work_of<XlstmLarge>(), [](const Size& size) {
                               Shape shape = size.shape();
                               shape.mlp_width = (size.width * 2667 + 63000) / 64000 * 64;
                               shape.gate_soft_cap = 15;
                               shape.logit_soft_cap = 30;
                               return shape;
                             }};

}  // namespace rondo::bench
