// The kernels and loops that rondo's own compositions run, by family, as lists for whoever compiles them once: the units of
// rondo::compiled_cuda (src/cuda) and those of the emulated back-end. E is what activations are stored in.
//
//   LAUNCH(kernel)  TOGETHER(kernel)  EACH(function)  SUM(function)       what is done with each: an explicit instantiation
//
// What is missing here a linker names, or the unit that uses it compiles it again. Macros alone: whoever uses a list includes its kernels.
#pragma once

#define RONDO_EACH_WIDTH(LIST, ...) LIST(16, __VA_ARGS__) LIST(64, __VA_ARGS__) LIST(128, __VA_ARGS__)

// backend/kernel/attention_gradient.hpp
#define RONDO_ATTENTION_OF(width, LAUNCH, E) \
  LAUNCH(kernel::Attention<E, width>)        \
  LAUNCH(kernel::AttentionKeyGradient<E, width>) LAUNCH(kernel::AttentionQueryGradient<E, width>)
#define RONDO_ATTENTION_KERNELS(LAUNCH, EACH, E)       \
  RONDO_EACH_WIDTH(RONDO_ATTENTION_OF, LAUNCH, E)      \
  EACH(kernel::EachPlace<kernel::AttentionDelta<E>>)   \
  EACH(kernel::EachPlace<kernel::ExtendCache<E>>) EACH(kernel::EachPlace<kernel::ExtendCacheGradient<E>>)

// backend/kernel/outer_product_gradient.hpp
#define RONDO_OUTER_PRODUCT_OF(width, LAUNCH, E) \
  LAUNCH(kernel::OuterProductWalk<E, width>)     \
  LAUNCH(kernel::OuterProductBack<E, width>)     \
  LAUNCH(kernel::OuterProductKeys<E, width>)     \
  LAUNCH(kernel::OuterProductValues<E, width>)
#define RONDO_OUTER_PRODUCT_KERNELS(LAUNCH, E) RONDO_EACH_WIDTH(RONDO_OUTER_PRODUCT_OF, LAUNCH, E)

// backend/kernel/scalar_outer_product_gradient.hpp
#define RONDO_SCALAR_OUTER_PRODUCT_OF(width, LAUNCH, E) \
  LAUNCH(kernel::ScalarOuterProductWalk<E, width>)      \
  LAUNCH(kernel::ScalarOuterProductBack<E, width>) LAUNCH(kernel::ScalarOuterProductChunk<E, width>)
#define RONDO_SCALAR_OUTER_PRODUCT_KERNELS(LAUNCH, EACH, E)   \
  RONDO_EACH_WIDTH(RONDO_SCALAR_OUTER_PRODUCT_OF, LAUNCH, E) \
  EACH(kernel::EachPlace<kernel::SumOverHeads<E>>)

// backend/kernel/matrix_memory.hpp; its states are float32 in any case
#define RONDO_MATRIX_MEMORY_KERNELS(EACH, E)                   \
  EACH(kernel::EachPlace<kernel::ValuesOfBlock<E>>)            \
  EACH(kernel::EachPlace<kernel::Stabilise<E>>)                \
  EACH(kernel::EachPlace<kernel::DividedValues<E>>)            \
  EACH(kernel::EachPlace<kernel::DenominatorGradient<E>>)      \
  EACH(kernel::EachPlace<kernel::BlockGradient<E>>)            \
  EACH(kernel::EachPlace<kernel::ValueGradient<E>>)            \
  EACH(kernel::EachPlace<kernel::AlongStabilisers<E>>)
#define RONDO_MATRIX_MEMORY_STATE_KERNELS(EACH)    \
  EACH(kernel::EachPlace<kernel::GatherState>)     \
  EACH(kernel::EachPlace<kernel::ScatterState>)    \
  EACH(kernel::EachPlace<kernel::StateProducts>)

// backend/kernel/selective_scan.hpp, diagonal.hpp
#define RONDO_SCAN_KERNELS(LAUNCH, EACH, E)                                      \
  LAUNCH(kernel::SelectiveScanWalk<E>)                                           \
  LAUNCH(kernel::SelectiveScanBack<E>)                                           \
  EACH(kernel::EachPlace<kernel::SumOverTeams<E>>)                               \
  EACH(kernel::EachPlace<kernel::DiagonalWalk<E>>) EACH(kernel::EachPlace<kernel::DiagonalBack<E>>)

// backend/kernel/cell_gradient.hpp
#define RONDO_CELL_OF(cell, TOGETHER, E)   \
  TOGETHER(kernel::CellWalk<cell, E, 1>)   \
  TOGETHER(kernel::CellWalk<cell, E, 16>)  \
  TOGETHER(kernel::CellBack<cell, E, 1>)   \
  TOGETHER(kernel::CellBack<cell, E, 16>)
#define RONDO_CELL_KERNELS(TOGETHER, EACH, E) \
  RONDO_CELL_OF(LstmCell, TOGETHER, E)        \
  RONDO_CELL_OF(SlstmCell, TOGETHER, E)       \
  EACH(kernel::EachPlace<kernel::PreviousHidden<E>>)

// backend/kernel/norm.hpp, loss.hpp, embedding.hpp, short_convolution.hpp
#define RONDO_ROW_KERNELS(LAUNCH, EACH, E)                      \
  LAUNCH(kernel::Norm<E>)                                       \
  LAUNCH(kernel::NormGradient<E>)                               \
  LAUNCH(kernel::CrossEntropyRows<E>)                           \
  LAUNCH(kernel::LogProbabilityRows<E>)                         \
  LAUNCH(kernel::ColumnSums<kernel::Element<E>>)                \
  LAUNCH(kernel::ColumnSums<kernel::NormWeightGradient<E>>)     \
  LAUNCH(kernel::ColumnSums<kernel::ConvolutionWeightGradient<E>>) \
  LAUNCH(kernel::ColumnSums<kernel::AddScaledWeight<E, E>>)     \
  EACH(kernel::EachPlace<kernel::GatherRows<E, E>>)             \
  EACH(kernel::EachPlace<kernel::PieceSums<E>>)                 \
  EACH(kernel::EachPlace<kernel::RowSums<E>>)                   \
  EACH(kernel::EachPlace<kernel::AddPositions<E, E>>)           \
  EACH(kernel::EachPlace<kernel::PositionsGradient<E, float>>)  \
  EACH(kernel::EachPlace<kernel::Rotate<E>>)                    \
  EACH(kernel::EachPlace<kernel::ShortConvolution<E>>)          \
  EACH(kernel::EachPlace<kernel::FinalWindow<E>>)               \
  EACH(kernel::EachPlace<kernel::ConvolutionGradient<E>>)       \
  EACH(kernel::EachPlace<kernel::InitialWindowGradient<E>>)     \
  EACH(kernel::EachPlace<kernel::AddScaled<E, E, E>>)           \
  EACH(kernel::EachPlace<kernel::Dropout<E>>)                   \
  EACH(kernel::LowerBoundsRule<E, float>)                       \
  EACH(kernel::LowerBoundsGradient<E, float, float>)

// backend/kernel/elementwise.hpp with core/activation.hpp and gates: bounds are wide, log decays are, write strengths of channels are not
#define RONDO_ACTIVATION_LOOPS(F, EACH, E)                                                       \
  EACH(kernel::EachElement<kernel::Map<F>, const E, E>)                                          \
  EACH(kernel::EachElement<kernel::MapGradient<F>, const E, E, E>)                               \
  EACH(kernel::EachElement<kernel::Gated<F>, const E, const E, E>)                               \
  EACH(kernel::EachElement<kernel::GatedGradient<F>, const E, const E, const E, E, E>)
#define RONDO_GATE_LOOPS(Gate, Bound, Write, LAUNCH, EACH, E)                                    \
  EACH(kernel::EachElement<kernel::GateRule<Gate>, const E, float, Write>)                       \
  EACH(kernel::EachElement<kernel::GateRule<Gate>, const E, Bound, float, Write>)                \
  EACH(kernel::EachElement<kernel::GateGradientRule<Gate>, const E, const float, Write, E>)      \
  EACH(kernel::EachElement<kernel::GateGradientRule<Gate>, const E, Bound, const float, Write, E>) \
  LAUNCH(kernel::ColumnSums<kernel::BoundGradient<Gate, E, Bound, float, Write>>)
#define RONDO_ELEMENT_KERNELS(LAUNCH, EACH, E)                     \
  EACH(kernel::EachElement<kernel::Fill<E>, E>)                    \
  EACH(kernel::EachElement<kernel::Copy, const E, E>)              \
  EACH(kernel::EachElement<kernel::Copy, E, E>)                    \
  EACH(kernel::EachElement<kernel::Add, const E, E>)               \
  EACH(kernel::EachElement<kernel::Add, E, E>)                     \
  EACH(kernel::EachElement<kernel::Scale, E>)                      \
  EACH(kernel::EachElement<kernel::Blend, const E, E>)             \
  EACH(kernel::EachElement<kernel::SoftCap, const E, E>)           \
  EACH(kernel::EachElement<kernel::SoftCapGradient, const E, const E, E>) \
  RONDO_ACTIVATION_LOOPS(Silu, EACH, E)                            \
  RONDO_ACTIVATION_LOOPS(Gelu, EACH, E)                            \
  RONDO_ACTIVATION_LOOPS(GeluTanh, EACH, E)                        \
  RONDO_ACTIVATION_LOOPS(Relu, EACH, E)                            \
  RONDO_ACTIVATION_LOOPS(SquaredRelu, EACH, E)                     \
  RONDO_ACTIVATION_LOOPS(Tanh, EACH, E)                            \
  RONDO_ACTIVATION_LOOPS(Sigmoid, EACH, E)                         \
  RONDO_ACTIVATION_LOOPS(Softplus, EACH, E)                        \
  RONDO_GATE_LOOPS(LowerBoundedForget, float, E, LAUNCH, EACH, E)  \
  RONDO_GATE_LOOPS(SigmoidForget, float, E, LAUNCH, EACH, E)       \
  RONDO_GATE_LOOPS(SoftplusStep, E, float, LAUNCH, EACH, E)        \
  RONDO_GATE_LOOPS(BoundedDecay<5>, E, float, LAUNCH, EACH, E)

// The same on float32 beside activations that are stored in 16 bits; E is not float.
#define RONDO_MIXED_ELEMENT_KERNELS(LAUNCH, EACH, E)                                 \
  EACH(kernel::AddParts<float>)                                                      \
  EACH(kernel::EachElement<kernel::Copy, const float, E>)                            \
  EACH(kernel::EachElement<kernel::Copy, const E, float>)                            \
  EACH(kernel::EachElement<kernel::Map<Sigmoid>, const E, float>)                    \
  EACH(kernel::EachElement<kernel::MapGradient<Sigmoid>, const E, float, E>)         \
  EACH(kernel::EachElement<kernel::MapGradient<Identity>, const E, float, E>)
