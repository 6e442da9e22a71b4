// Which sizes of a Shape a composition looks at: those whose change changes its weights, its state or its logits.
//
//   SizeUse use = size_use(served, "window");        used, unused, or refused: the composition takes no other value
//   require_used_sizes({&served}, {"shape.window=7"}, shape);
//
// Sizes that most architectures share (heads, mlp_width, context, norm_epsilon) are never refused, so that one command line
// serves all.
//
// Found by trying: a small model of the composition with the size and with another, in plain loops. So it holds for mixers of a
// user's own, and nothing has to be declared. A composition that fits into none of the small shapes counts as one that looks at
// all.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/app/served_model.hpp>
#include <rondo/core/random.hpp>
#include <rondo/io/nearest_word.hpp>
#include <rondo/model/checkpoint/shape_fields.hpp>

namespace rondo::app {

enum class SizeUse { used, unused, refused };

// The first shape of a few that the composition can have.
inline std::optional<Shape> small_shape_of(const ServedModel& served) {
  for (Index depth = 1; depth <= 12; ++depth) {
    const Shape shape{.vocabulary = 7, .width = 64, .depth = depth, .heads = 4, .mlp_width = 16, .context = 64};
    try {
      static_cast<void>(served.leaves(shape));
      return shape;
    } catch (const Error&) {
    }
  }
  return std::nullopt;
}

// The logits of a few tokens, with weights that are nowhere zero.
inline std::vector<float> small_logits(const ServedModel& served, const Shape& shape) {
  const std::unique_ptr<LoadedModel> model = loaded_model(served.model(shape), BackendName::reference);
  const auto tensors = std::get<std::vector<HostedTensor<double>>>(model->tensors());
  for (const auto& tensor : tensors) {
    std::vector<double> numbers = tensor.numbers();
    const RandomKey key = key_of(Seed{1}, tensor.name);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = uniform_number(key, i) - 0.4;
    tensor.write(numbers);
  }
  const TokenGrid grid{{1, 2, 3, 4, 5, 6, 1, 3, 5, 2, 4, 6}, 1, 12};
  std::vector<float> logits;
  model->each_logits(grid, [&](View<const float> rows) { logits.insert(logits.end(), rows.data, rows.data + rows.size()); });
  return logits;
}

// The small shape with another value; absent: a size that every model has, or that only training looks at.
inline std::optional<Shape> with_another(const Shape& small, std::string_view name) {
  static const std::map<std::string_view, double> others{
      {"heads", 2}, {"groups", 2}, {"key_value_heads", 2}, {"key_width", 32}, {"mlp_width", 24},
      {"embedding_width", 32}, {"inner_width", 192}, {"state_size", 5}, {"step_rank", 3}, {"block_width", 8},
      {"convolution", 3}, {"window", 3}, {"full_blocks", 0}, {"context", 32}, {"second_blocks", 0},
      {"norm_epsilon", 0.5},
      {"mixer_norm_epsilon", 0.5}, {"rope_theta", 100}, {"step_low", 0.5}, {"step_high", 1e-3},
      {"gate_soft_cap", 0.5}, {"logit_soft_cap", 0.5}, {"second_heads", 2}, {"second_convolution", 3},
      {"second_mlp", 0}, {"mlp_bias", 1}, {"projection_bias", 1}, {"convolution_bias", 0}, {"rope_share", 0.5},
      {"rope_type", 1}, {"rope_factor", 3}, {"rope_context", 4}, {"rope_slow", 0.25}, {"rope_fast", 2},
      {"rope_truncate", 0}, {"rope_amplitude", 0.5}};
  const auto other = others.find(name);
  if (other == others.end()) return std::nullopt;
  Shape shape = small;
  each_size(shape, [&]<class T>(std::string_view size, T& value) {
    if (size != name) return;
    if constexpr (std::is_same_v<T, BlockSet>)
      value = {0};
    else
      value = static_cast<T>(other->second);
  });
  return shape;
}

// Some sizes are looked at only beside others: those of blocks of a second type, those of scaled positions, blocks without the window.
inline Shape where_it_may_act(Shape shape, std::string_view name) {
  if (name.starts_with("second_") && name != "second_blocks") shape.second_blocks = {0};
  if (name == "full_blocks") shape.window = 2;
  if (name.starts_with("rope_") && name != "rope_theta") shape.rope.kind = RotaryKind::yarn, shape.rope.factor = 2;
  return shape;
}

inline SizeUse size_use(const ServedModel& served, std::string_view name) {
  auto small = small_shape_of(served);
  if (small) small = where_it_may_act(*small, name);
  const auto other = small ? with_another(*small, name) : std::nullopt;
  if (!other) return SizeUse::used;
  const auto sizes = [&](const Shape& shape) {
    std::vector<std::string> all;
    for (const auto& [path, leaf] : served.leaves(shape)) all.push_back(path + leaf.dimensions.text());
    return all;
  };
  try {
    if (sizes(*small) != sizes(*other) || state_size_of(served.model(*small)) != state_size_of(served.model(*other))) return SizeUse::used;
    return small_logits(served, *small) == small_logits(served, *other) ? SizeUse::unused : SizeUse::used;
  } catch (const Error&) {
    return SizeUse::refused;
  }
}

inline std::vector<std::string> used_sizes(const ServedModel& served) {
  std::vector<std::string> names;
  const Shape any;
  each_size(any, [&](std::string_view name, const auto&) {
    if (size_use(served, name) == SizeUse::used) names.emplace_back(name);
  });
  return names;
}

// How a composition is called in short: by the form of its files.
inline std::string short_name(const ServedModel& served) {
  return served.files.published ? std::string(served.files.published->model_type()) : served.files.composition;
}

// Throws Error for a `--set shape.NAME=VALUE` that none of the compositions looks at, unless it is the default.
inline void require_used_sizes(const std::vector<const ServedModel*>& served, const std::vector<std::string>& settings,
                               const Shape& shape) {
  for (const std::string& setting : settings) {
    if (!setting.starts_with("shape.")) continue;
    const std::string name = setting.substr(6, setting.find('=') - 6);
    if (name == "heads" || name == "mlp_width" || name == "context" || name == "norm_epsilon") continue;
    const auto value_in = [&](const Shape& of) {
      Json found;
      each_size(of, [&](std::string_view size, const auto& value) {
        if (size == name) found = size_json(value);
      });
      return found;
    };
    const auto uses = [&](const ServedModel* one) { return size_use(*one, name) != SizeUse::unused; };
    if (value_in(shape) == value_in(Shape{}) || std::any_of(served.begin(), served.end(), uses)) continue;
    const std::vector<std::string> has = used_sizes(*served.front());
    std::string list;
    for (const std::string& one : has) list += (list.empty() ? "" : ", ") + one;
    throw error("--set ", setting, ": ", short_name(*served.front()), served.size() > 1 ? " and the others have" : " has", " no ",
                name, did_you_mean(name, has), "; sizes: ", list);
  }
}

}  // namespace rondo::app
