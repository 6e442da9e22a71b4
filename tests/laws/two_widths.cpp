// The laws on a back-end whose stored numbers are narrower than its wide ones.
#include "every_back_end.hpp"

#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/mlp.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/testing/two_widths.hpp>

namespace rondo::testing {

template <class C>
concept HasAllOperations = HasMemoryOperations<C> && HasLinear<C> && HasComposedLinear<C> && HasBlockLinear<C> && HasSkip<C> && HasEmbedding<C> && HasElementwise<C> && HasSoftCap<C> && HasGates<C> && HasNorms<C> && HasSequenceOperations<C> && HasLosses<C> && HasEachElement<C>;
static_assert(HasAllOperations<TwoWidthsContext>);

BOOST_AUTO_TEST_SUITE(two_widths)

BOOST_AUTO_TEST_CASE(token_wise) {
  const Shape shape{.width = 12, .mlp_width = 20};
  const auto laws_of = [&](const std::string& name, const auto& layer, Index out) {
    expect_laws_on<TwoWidths>(name, [&](const Shape& s) { return subject(layer, s.width, out); }, shape);
  };
  laws_of("Linear", Linear<Bias::yes>{12, 9}, 9);
  laws_of("BlockLinear", BlockLinear<Bias::yes>{3, 12, 12}, 12);
  laws_of("RmsNorm", RmsNorm{12, 1e-6, 3}, 12);
  laws_of("LayerNorm", LayerNorm{12, 1e-5}, 12);
  laws_of("GatedMlp", GatedMlp<Silu>{shape, 0}, 12);
  laws_of("Mlp", Mlp<GeluTanh, Bias::yes>{shape, 0}, 12);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
