// Recurrences with matrices as states on a device, at each width that kernels have, and narrower heads that are padded to it.
#include "device_checks.hpp"

#include <rondo/mixer/hgrn2.hpp>
#include <rondo/mixer/mamba2.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/recurrence/outer_product.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {

void add_linear_recurrences(DeviceChecks& checks) {
  for (const auto& [keys, values] : {std::pair<Index, Index>{16, 16}, {24, 64}, {96, 5}}) {
    const std::string sizes = std::to_string(keys) + " x " + std::to_string(values);
    add_float_check(checks, "OuterProduct " + sizes,
                    recurrence_subject(OuterProduct{.heads = 2, .key_width = keys, .value_width = values, .scale = 0.2}), mixed_batch());
    add_float_check(
        checks, "ScalarOuterProduct " + sizes,
        recurrence_subject(ScalarOuterProduct{.heads = 4, .groups = 2, .key_width = keys, .value_width = values, .scale = 0.2}),
        mixed_batch());
  }
  for (const Index width : {32, 96, 256})  // heads of 16, 48, 128
    add_checks(checks, "Hgrn2Mixer, width " + std::to_string(width),
               subject<Hgrn2Mixer<LowerBoundedForget>>(Shape{.width = width, .depth = 3, .heads = 2}, 1), mixed_batch());
  for (const Index width : {8, 64})
    add_checks(checks, "Mamba2Mixer, width " + std::to_string(width), subject<Mamba2Mixer>(Shape{.width = width, .depth = 2, .heads = 4}),
               mixed_batch());
  add_checks(checks, "MlstmMixer", subject<MlstmMixer<>>(Shape{.width = 8, .depth = 2, .heads = 2}), mixed_batch(), 3);
}

}  // namespace rondo::testing
