// Which sizes compositions look at, found by trying, and what `--set` is refused for.
#include <boost/test/unit_test.hpp>

#include <rondo/app/used_sizes.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>

#include <io/temporary_folder.hpp>

namespace rondo::test {
namespace {

using app::SizeUse;

std::string sizes_of(const app::ServedModel& served) {
  std::string list;
  for (const std::string& name : app::used_sizes(served)) list += name + " ";
  return list;
}

BOOST_AUTO_TEST_SUITE(used_sizes)

BOOST_AUTO_TEST_CASE(sizes_that_change_something) {
  const app::ServedModel hgrn2 = app::serve<Hgrn2>(), llama = app::serve<Llama>(), mamba2 = app::serve<Mamba2>();
  BOOST_TEST(
      sizes_of(hgrn2) ==
      "vocabulary width depth heads key_width mlp_width mlp_bias norm_epsilon mixer_norm_epsilon logit_soft_cap dropout ");
  BOOST_TEST(
      sizes_of(llama) ==
      "vocabulary width depth heads key_value_heads key_width mlp_width window full_blocks context mlp_bias norm_epsilon rope_theta "
      "rope_share rope_type rope_factor rope_context rope_slow rope_fast rope_truncate rope_amplitude logit_soft_cap dropout ");
  BOOST_TEST(
      sizes_of(mamba2) ==
      "vocabulary width depth heads groups inner_width state_size convolution projection_bias convolution_bias norm_epsilon "
      "step_low step_high "
      "logit_soft_cap dropout ");
  BOOST_TEST((app::size_use(hgrn2, "key_value_heads") == SizeUse::refused));
  BOOST_TEST((app::size_use(llama, "embedding_width") == SizeUse::refused));
  // A pattern has those of all its blocks.
  const app::ServedModel hybrid = app::serve<LanguageModel<Pattern<Hgrn2Block, Hgrn2Block, LlamaBlock>>>();
  BOOST_TEST((app::size_use(hybrid, "window") == SizeUse::used && app::size_use(hybrid, "mixer_norm_epsilon") == SizeUse::used));
  BOOST_TEST((app::size_use(hybrid, "state_size") == SizeUse::unused));

  const auto problem = [](const std::vector<const app::ServedModel*>& served, const std::string& setting, Shape shape) {
    return message_of([&] { app::require_used_sizes(served, {"train.steps=3", setting}, shape); });
  };
  BOOST_TEST(
      has(problem({&hgrn2}, "shape.state_size=99", {.state_size = 99}),
          "--set shape.state_size=99: hgrn2 has no state_size; sizes: vocabulary, width, depth, heads, key_width, mlp_width"));
  BOOST_TEST(has(problem({&hgrn2}, "shape.window=7", {.window = 7}), "hgrn2 has no window; did you mean 'width'?"));
  BOOST_TEST(has(problem({&hgrn2, &mamba2}, "shape.window=7", {.window = 7}), "hgrn2 and the others have no window"));
  BOOST_TEST(problem({&hgrn2, &llama}, "shape.window=7", {.window = 7}) == "no error");
  BOOST_TEST(problem({&hgrn2}, "shape.window=0", {}) == "no error");
  BOOST_TEST(problem({&mamba2}, "shape.mlp_width=64", {.mlp_width = 64}) == "no error");  // most have it
  BOOST_TEST(problem({&hgrn2}, "shape.key_width=64", {.key_width = 64}) == "no error");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
