// The matrix memory (rondo/recurrence/matrix_memory.hpp) by the kernels of the scalar outer product: with the stabilisers known, keep and
// write are a decay and a write strength a head, and the normaliser is one more column of the state, that of a value which is always 1.
//
//   m_t                                a thread a sequence and head, token by token; with it log keep and write
//   [c C^T q, r] = o of [v, 1]         ScalarOuterProduct, blocks of up to 128 columns of values
//   h = c C^T q / D,  D = max(|r|, exp(-m)) + epsilon
//
// Backward the same with [dh / D, dr], dr = -sign(r) (dh . h) / D where |r| > exp(-m), else 0: its gradients of log keep and write are
// those with m held constant. Then along m, from the last token to the first, to f or to i, whichever m was made of.
#pragma once

#include <rondo/backend/kernel/context.hpp>
#include <rondo/backend/kernel/scalar_outer_product_gradient.hpp>
#include <rondo/recurrence/matrix_memory.hpp>

namespace rondo::kernel {

// How the V values of a head and the one that is always 1 lie in blocks of as many columns each.
struct ValueBlocks {
  int heads, K, V, blocks, columns;
  explicit ValueBlocks(const MatrixMemory& tag)
      : heads(static_cast<int>(tag.heads)),
        K(static_cast<int>(tag.key_width)),
        V(static_cast<int>(tag.value_width)),
        blocks(static_cast<int>(parts_of(tag.value_width + 1, most_head_width))),
        columns(static_cast<int>(parts_of(tag.value_width + 1, blocks))) {}
  [[nodiscard]] int last() const { return V / columns; }  // that has the column of ones
};
// Column c of all heads of a block: the head, and the value; V is the one that is always 1, beyond it there is nothing.
struct ValueColumn {
  Index head, value;
  RONDO_ANYWHERE ValueColumn(const ValueBlocks& in, int which, Index c)
      : head(c / in.columns), value(which * in.columns + c % in.columns) {}
};

// States as the recurrence has them, [sequences, heads K V], [sequences, heads K], [sequences, heads]. Any may be absent.
template <class F>
struct MemoryStates {
  View<F> memory, normaliser, stabiliser;
};

template <class E>
struct ValuesOfBlock {
  ValueBlocks in;
  int block;
  View<const E> v;
  View<E> to;
  RONDO_ANYWHERE void operator()(Index t, Index c) const {
    const ValueColumn at(in, block, c);
    to(t, c) = at.value < in.V ? v(t, at.head * in.V + at.value) : narrow<E>(at.value == in.V ? 1.0F : 0.0F);
  }
};
// Into [sequences, heads K columns] and back.
struct GatherState {
  ValueBlocks in;
  int block;
  MemoryStates<const float> from;
  View<float> to;
  RONDO_ANYWHERE void operator()(Index s, Index place) const {
    const Index row = place / in.columns, value = block * in.columns + place % in.columns;  // row: head K + a
    to(s, place) = value < in.V ? from.memory(s, row * in.V + value) : value == in.V ? from.normaliser(s, row) : 0.0F;
  }
};
struct ScatterState {
  ValueBlocks in;
  int block;
  View<const float> from;
  MemoryStates<float> to;
  RONDO_ANYWHERE void operator()(Index s, Index place) const {
    const Index row = place / in.columns, value = block * in.columns + place % in.columns;
    if (value < in.V) to.memory(s, row * in.V + value) = from(s, place);
    if (value == in.V) to.normaliser(s, row) = from(s, place);
  }
};

// Stabilisers, log keep and write, and whether m came from the forget gate: walked by sequence and head.
template <class E>
struct MemoryGates {
  View<const Sequence> sequences;
  View<const E> i, f;
  MemoryStates<const float> initial;
  int K;
  bool unbounded;

  // Zeros as they start: m counts as minus infinity.
  [[nodiscard]] RONDO_ANYWHERE bool fresh(Index s, Index head) const {
    if (!unbounded) return false;
    if (!initial.stabiliser) return true;
    bool zero = initial.stabiliser(s, head) == 0;
    for (Index a = 0; a < K; ++a) zero = zero && initial.normaliser(s, head * K + a) == 0;
    return zero;
  }
  [[nodiscard]] RONDO_ANYWHERE float first(Index s, Index head) const { return initial.stabiliser ? initial.stabiliser(s, head) : 0.0F; }
  [[nodiscard]] RONDO_ANYWHERE float carried(Index t, Index head, float before) const {
    return log_sigmoid(number(f(t, head))) + before;
  }
};
template <class E>
struct Stabilise {
  MemoryGates<E> gates;
  View<float> m, keep, write;  // keep as its logarithm
  View<float> final;           // may be absent
  RONDO_ANYWHERE void operator()(Index s, Index head) const {
    const Index begin = gates.sequences(0, s).begin, end = begin + gates.sequences(0, s).length;
    bool fresh = gates.fresh(s, head);
    float before = gates.first(s, head);
    for (Index t = begin; t < end; ++t) {
      const float i = number(gates.i(t, head)), carried = gates.carried(t, head, before);
      const float now = fresh || i > carried ? i : carried;
      keep(t, head) = fresh ? -1e30F : carried - now;
      write(t, head) = exponential(i - now);
      m(t, head) = before = now;
      fresh = false;
    }
    if (final) final(s, head) = before;
  }
};

// D of a token and head by r; where |r| decides, its sign, else 0.
struct Denominator {
  float value, slope;
  RONDO_ANYWHERE Denominator(float r, float m, float epsilon) {
    const float floor = exponential(-m), size = r < 0 ? -r : r;
    value = (size > floor ? size : floor) + epsilon;
    slope = size > floor ? (r < 0 ? -1.0F : 1.0F) : 0.0F;
  }
};
template <class E>
struct DividedValues {
  ValueBlocks in;
  int block;
  float epsilon;
  Tokens owners;
  View<const E> o, ones;  // of the block, and of the one with the column of ones
  View<const float> m;
  View<E> h;
  RONDO_ANYWHERE void operator()(Index t, Index c) const {
    const ValueColumn at(in, block, c);
    if (owners(0, t) == of_no_sequence || at.value >= in.V) return;
    const float r = number(ones(t, at.head * in.columns + in.V % in.columns));
    store(h(t, at.head * in.V + at.value), number(o(t, c)) / Denominator(r, m(t, at.head), epsilon).value);
  }
};

// D, dr and what epsilon hands to m, of a token and head.
template <class E>
struct DenominatorGradient {
  ValueBlocks in;
  float epsilon;
  Tokens owners;
  View<const E> ones, h, d_h;
  View<const float> m;
  View<float> denominator, d_r, d_m;
  RONDO_ANYWHERE void operator()(Index t, Index head) const {
    if (owners(0, t) == of_no_sequence) return;
    const Denominator d(number(ones(t, head * in.columns + in.V % in.columns)), m(t, head), epsilon);
    float size = 0;
    for (Index b = head * in.V; b < (head + 1) * in.V; ++b) size += number(d_h(t, b)) * number(h(t, b));
    denominator(t, head) = d.value;
    d_r(t, head) = -d.slope * size / d.value;
    d_m(t, head) = -epsilon * size / d.value;
  }
};
template <class E>
struct BlockGradient {  // of what the scalar outer product makes of a block
  ValueBlocks in;
  int block;
  Tokens owners;
  View<const E> d_h;
  View<const float> denominator, d_r;
  View<E> to;
  RONDO_ANYWHERE void operator()(Index t, Index c) const {
    const ValueColumn at(in, block, c);
    float d = 0;
    if (owners(0, t) != of_no_sequence)
      d = at.value < in.V    ? number(d_h(t, at.head * in.V + at.value)) / denominator(t, at.head)
          : at.value == in.V ? d_r(t, at.head)
                             : 0.0F;
    store(to(t, c), d);
  }
};
template <class E>
struct ValueGradient {
  ValueBlocks in;
  int block;
  View<const E> from;
  View<E> d_v;
  RONDO_ANYWHERE void operator()(Index t, Index c) const {
    const ValueColumn at(in, block, c);
    if (at.value < in.V) d_v(t, at.head * in.V + at.value) = from(t, c);
  }
};
// <S, dS> of a sequence and head, added over the blocks.
struct StateProducts {
  int size;  // K columns
  View<const float> state, gradient;
  View<float> sums;
  RONDO_ANYWHERE void operator()(Index s, Index head) const {
    float sum = 0;
    for (Index i = head * size; i < (head + 1) * size; ++i) sum += state(s, i) * gradient(s, i);
    sums(s, head) += sum;
  }
};
// Along m; sums of the last and the first state with their gradients, or none.
template <class E>
struct AlongStabilisers {
  MemoryGates<E> gates;
  View<const float> m, write, d_keep, d_write, d_m;
  View<const float> d_final, final_products, first_products;
  View<E> d_i, d_f;
  View<float> d_initial;
  RONDO_ANYWHERE void operator()(Index s, Index head) const {
    const Index begin = gates.sequences(0, s).begin, end = begin + gates.sequences(0, s).length;
    const bool fresh = gates.fresh(s, head);
    float dm = d_final ? d_final(s, head) - final_products(s, head) : 0.0F;
    for (Index t = end; t-- > begin;) {
      const bool opens = fresh && t == begin;
      const float before = t > begin ? m(t - 1, head) : gates.first(s, head);
      const bool forgets = !opens && gates.carried(t, head, before) >= number(gates.i(t, head));
      dm += d_m(t, head);
      const float to_f = (opens ? 0.0F : d_keep(t, head)) + (forgets ? dm : 0.0F);
      store(d_i(t, head), d_write(t, head) * write(t, head) + (forgets ? 0.0F : dm));
      store(d_f(t, head), to_f * sigmoid(-number(gates.f(t, head))));
      if (!forgets) dm = 0;
    }
    if (d_initial) d_initial(s, head) = dm + first_products(s, head);
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <>
struct KernelRecurrence<MatrixMemory> {
  static bool fits(const MatrixMemory& tag) { return tag.key_width <= kernel::most_head_width; }

  template <class C>
  static void forward(C& c, const auto& pass) {
    Blocks<C> all(c, pass);
    const auto final = states<float>(pass.carried.final);
    all.stabilise(c.here(or_none(pass.carried.final).stabiliser));
    c.zero(pass.out.h);
    const auto ones = all.outputs(all.in.last(), final);
    for (int block = 0; block < all.in.blocks; ++block) {
      auto mark = c.mark();
      const auto o = block == all.in.last() ? ones : all.outputs(block, final);
      c.each_place(kernel::DividedValues<typename C::Scalar>{all.in, block, all.epsilon, c.work().owners, c.here(o), c.here(ones),
                                                             c.here(all.m), c.here(pass.out.h)},
                   o);
    }
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using E = typename C::Scalar;
    Blocks<C> all(c, pass);
    const Index tokens = c.extent().tokens, sequences = c.extent().sequences, heads = pass.tag.heads;
    all.stabilise({});
    const auto ones = all.outputs(all.in.last(), {});
    const auto denominator = c.wide(tokens, heads), d_r = c.wide(tokens, heads), d_m = c.wide(tokens, heads);
    c.each_place(kernel::DenominatorGradient<E>{all.in, all.epsilon, c.work().owners, c.here(ones), c.here(pass.out.h),
                                                c.here(pass.d_out.h), c.here(all.m), c.here(denominator), c.here(d_r), c.here(d_m)},
                 d_m);
    const auto zero = [&](const auto&... written) { (c.zero(written), ...); };
    zero(pass.d_in.q, pass.d_in.k, pass.d_in.v, pass.d_in.i, pass.d_in.f);
    const auto d_keep = c.wide(tokens, heads), d_write = c.wide(tokens, heads);
    const auto final_products = c.wide(sequences, heads), first_products = c.wide(sequences, heads);
    zero(d_keep, d_write, final_products, first_products);
    const auto d_final = states<const float>(pass.carried.d_final), initial = states<const float>(pass.carried.initial);
    const auto d_initial = states<float>(pass.carried.d_initial);

    for (int block = 0; block < all.in.blocks; ++block) {
      auto mark = c.mark();
      const Index columns = heads * all.in.columns;
      const auto v = all.values(block);
      const auto d_o = c.matrix(tokens, columns), d_v = c.matrix(tokens, columns);
      c.each_place(kernel::BlockGradient<E>{all.in, block, c.work().owners, c.here(pass.d_out.h), c.here(denominator), c.here(d_r),
                                            c.here(d_o)},
                   d_o);
      const auto dq = c.matrix(tokens, heads * all.in.K), dk = c.matrix(tokens, heads * all.in.K);
      const auto dg = c.wide(tokens, heads), dw = c.wide(tokens, heads);
      const auto first = all.gathered(block, initial), last_gradient = all.gathered(block, d_final);
      const auto first_gradient = pass.carried.d_initial ? all.state() : decltype(all.state()){};
      if (last_gradient.memory) {  // what the last state is, for its stabiliser
        auto inner = c.mark();
        const auto last = all.state();
        c.recurrence(all.tag, {}, all.inputs(v), {c.matrix(tokens, columns)}, {first.memory ? &first : nullptr, &last});
        all.add_products(last, last_gradient, final_products);
      }
      c.recurrence_gradient(all.tag, {}, all.inputs(v), {}, {typename C::Input(d_o)}, {}, {dq, dk, dg, dw, d_v},
                            {first.memory ? &first : nullptr, last_gradient.memory ? &last_gradient : nullptr,
                             first_gradient.memory ? &first_gradient : nullptr});
      c.add(dq, pass.d_in.q);
      c.add(dk, pass.d_in.k);
      c.add(dg, d_keep);
      c.add(dw, d_write);
      c.each_place(kernel::ValueGradient<E>{all.in, block, c.here(typename C::Input(d_v)), c.here(pass.d_in.v)}, d_v);
      if (first_gradient.memory) {
        if (first.memory) all.add_products(first, first_gradient, first_products);
        c.each_place(kernel::ScatterState{all.in, block, c.here(first_gradient.memory), d_initial}, first_gradient.memory);
      }
    }
    each_head(c, heads,
              kernel::AlongStabilisers<E>{all.gates(), c.here(all.m), c.here(all.write), c.here(d_keep), c.here(d_write), c.here(d_m),
                                          d_final.stabiliser, c.here(final_products), c.here(first_products), c.here(pass.d_in.i),
                                          c.here(pass.d_in.f), d_initial.stabiliser});
  }

 private:
  template <class C, class F>
  static void each_head(C& c, Index heads, const F& f) {
    c.device().each(c.extent().sequences * heads, kernel::EachPlace<F>{f, heads});
  }
  template <class F, class Record>
  static kernel::MemoryStates<F> states(const Record* record) {
    if (!record) return {};
    const auto here = [](const auto& view) { return View<F>{view.data, view.rows, view.columns, view.stride}; };
    return {here(record->memory), here(record->normaliser), here(record->stabiliser)};
  }

  // The scalar outer products of the blocks.
  template <class C>
  struct Blocks {
    using E = typename C::Scalar;
    using State = ScalarOuterProduct::State<typename C::Output>;
    C& c;
    kernel::ValueBlocks in;
    ScalarOuterProduct tag;
    float epsilon;
    typename C::Input q, k, v, i, f;
    kernel::MemoryStates<const float> initial;
    bool unbounded;
    typename C::WideOutput m, keep, write;

    Blocks(C& c_, const auto& pass)
        : c(c_), in(pass.tag), tag{pass.tag.heads, pass.tag.heads, pass.tag.key_width, in.columns, pass.tag.scale},
          epsilon(static_cast<float>(pass.tag.epsilon)), q(pass.in.q), k(pass.in.k), v(pass.in.v), i(pass.in.i), f(pass.in.f),
          initial(states<const float>(pass.carried.initial)), unbounded(pass.tag.start == MatrixMemory::Start::unbounded),
          m(c.wide(c.extent().tokens, in.heads)), keep(c.wide(c.extent().tokens, in.heads)), write(c.wide(c.extent().tokens, in.heads)) {}

    [[nodiscard]] kernel::MemoryGates<E> gates() const { return {c.work().sequences, c.here(i), c.here(f), initial, in.K, unbounded}; }
    void stabilise(View<float> final) {
      each_head(c, in.heads, kernel::Stabilise<E>{gates(), c.here(m), c.here(keep), c.here(write), final});
    }
    [[nodiscard]] State state() const { return {c.wide(c.extent().sequences, static_cast<Index>(in.heads) * in.K * in.columns)}; }
    [[nodiscard]] State gathered(int block, const kernel::MemoryStates<const float>& from) const {
      if (!from.memory) return {};
      const State result = state();
      c.each_place(kernel::GatherState{in, block, from, c.here(result.memory)}, result.memory);
      return result;
    }
    [[nodiscard]] typename C::Input values(int block) const {
      const auto result = c.matrix(c.extent().tokens, static_cast<Index>(in.heads) * in.columns);
      c.each_place(kernel::ValuesOfBlock<E>{in, block, c.here(v), c.here(result)}, result);
      return result;
    }
    [[nodiscard]] ScalarOuterProduct::Inputs<typename C::Input> inputs(typename C::Input values_of_block) const {
      return {q, k, typename C::WideInput(keep), typename C::WideInput(write), values_of_block};
    }
    // What the block's columns come to; the last state goes to `final`, if that is wanted.
    [[nodiscard]] typename C::Input outputs(int block, const kernel::MemoryStates<float>& final) const {
      const auto o = c.matrix(c.extent().tokens, static_cast<Index>(in.heads) * in.columns);
      auto mark = c.mark();
      const State first = gathered(block, initial), last = final.memory ? state() : State{};
      c.recurrence(tag, {}, inputs(values(block)), {o}, {first.memory ? &first : nullptr, last.memory ? &last : nullptr});
      if (last.memory) c.each_place(kernel::ScatterState{in, block, c.here(last.memory), final}, last.memory);
      return o;
    }
    void add_products(const State& one, const State& other, typename C::WideOutput sums) const {
      each_head(c, in.heads, kernel::StateProducts{in.K * in.columns, c.here(one.memory), c.here(other.memory), c.here(sums)});
    }
  };
};

}  // namespace rondo
