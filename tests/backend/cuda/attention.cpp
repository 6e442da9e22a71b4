// Softmax attention on a device: groups, windows, tokens seen before, each width that kernels have.
#include "device_checks.hpp"

#include <rondo/mixer/attention.hpp>

namespace rondo::testing {

void add_attention(DeviceChecks& checks) {
  add_checks(checks, "Attention, heads of 16", subject<AttentionMixer<>>(Shape{.width = 64, .heads = 4, .context = 160}), mixed_batch(7));
  Shape shape{.width = 192, .heads = 4, .key_value_heads = 2, .context = 160};
  add_checks(checks, "Attention, heads of 48 in groups", subject<AttentionMixer<>>(shape), mixed_batch(7));
  shape.window = 20;
  add_checks(checks, "Attention, heads of 48 in groups, a window", subject<AttentionMixer<>>(shape), mixed_batch(7));
  add_checks(checks, "Attention, a head of 128", subject<AttentionMixer<>>(Shape{.width = 128, .heads = 1, .context = 160}),
             mixed_batch(7));
}

}  // namespace rondo::testing
