// Reference back-end, part 2: norms, positions and convolutions as plain loops.
#pragma once

#include <rondo/backend/reference/elementwise.hpp>

namespace rondo {

template <class Backend, class T>
class ReferenceSequence : public ReferenceElementwise<Backend, T> {
 public:
  using Input = View<const T>;
  using Output = View<T>;

  // Without a mean the rms norm; weight, bias, their gradients and `plus` may be absent.
  [[gnu::noinline]] void norm(const NormSizes& sizes, Input x, Input weight, Input bias, Output y, Output mean, Output reciprocal) {
    const Index width = x.columns / sizes.groups;
    for (Index t = 0; t < x.rows; ++t)
      for (Index group = 0; group < sizes.groups; ++group) {
        const Index begin = group * width;
        T sum(0), squares(0);
        for (Index i = begin; mean && i < begin + width; ++i) sum += x(t, i);
        const T m = sum / real(width);
        for (Index i = begin; i < begin + width; ++i) squares += (x(t, i) - m) * (x(t, i) - m);
        const T r = reciprocal_root(squares / real(width) + real(sizes.epsilon));
        if (mean) mean(t, group) = m;
        reciprocal(t, group) = r;
        for (Index i = begin; i < begin + width; ++i)
          y(t, i) = (x(t, i) - m) * r * factor(sizes, weight, i) + (bias ? bias(0, i) : T(0));
      }
  }
  [[gnu::noinline]] void norm_gradient(const NormSizes& sizes, Input x, Input weight, Input mean, Input reciprocal, Input dy, Output dx,
                                       Output d_weight, Output d_bias, Input plus = {}) {
    const Index width = x.columns / sizes.groups;
    for (Index t = 0; t < x.rows; ++t)
      for (Index group = 0; group < sizes.groups; ++group) {
        const Index begin = group * width;
        const T m = mean ? mean(t, group) : T(0), r = reciprocal(t, group);
        T product(0), average(0);
        for (Index i = begin; i < begin + width; ++i) {
          const T g = dy(t, i) * factor(sizes, weight, i);
          if (mean) average += g;
          product += g * (x(t, i) - m) * r;
        }
        average /= real(width);
        product /= real(width);
        for (Index i = begin; i < begin + width; ++i) {
          const T normal_form = (x(t, i) - m) * r, d = dy(t, i);
          if (d_weight) d_weight(0, i) += d * normal_form;
          if (d_bias) d_bias(0, i) += d;
          dx(t, i) = r * (d * factor(sizes, weight, i) - average - normal_form * product) + (plus ? plus(t, i) : T(0));
        }
      }
  }

  // Turns the pairs of every head by `direction` times their angle, in place; rows of no sequence stay as they are (core/rotation.hpp).
  [[gnu::noinline]] void rotate(const Rotation& rotation, Output x, int direction) {
    const Index half = rotation.pairs();
    const double amplitude = rotation.amplitude();
    for (const Sequence& sequence : this->sequences())
      for (Index j = 0; j < half; ++j) {
        const double frequency = rotation.frequency(j, sequence.position + sequence.length);
        for (Index t = 0; t < sequence.length; ++t) {
          const double angle = direction * static_cast<double>(sequence.position + t) * frequency;
          const T cosine = real(amplitude * std::cos(angle)), sine = real(amplitude * std::sin(angle));
          for (Index begin = 0; begin < x.columns; begin += rotation.head_width) {
            T& a = x(sequence.begin + t, begin + j);
            T& b = x(sequence.begin + t, begin + j + half);
            const T turned = a * cosine - b * sine;
            b = b * cosine + a * sine;
            a = turned;
          }
        }
      }
  }

  [[gnu::noinline]] void short_convolution(Input x, Input weight, Output y, Input initial, Output final) {
    const Index taps = weight.columns, channels = x.columns;
    this->zero(y);
    for (Index s = 0; s < std::ssize(this->sequences()); ++s) {
      const Sequence& sequence = this->sequences()[static_cast<std::size_t>(s)];
      for (Index t = 0; t < sequence.length; ++t)
        for (Index i = 0; i < channels; ++i)
          for (Index j = 0; j < taps; ++j)
            y(sequence.begin + t, i) += weight(i, j) * before(x, initial, sequence, s, t - taps + 1 + j, taps, i);
      if (final) {
        auto mark = this->mark();  // final may be initial's memory
        Output window = this->matrix(taps - 1, channels);
        for (Index j = 0; j < taps - 1; ++j)
          for (Index i = 0; i < channels; ++i)
            window(j, i) = before(x, initial, sequence, s, sequence.length - taps + 1 + j, taps, i);
        for (Index j = 0; j < taps - 1; ++j)
          for (Index i = 0; i < channels; ++i) final(s, j * channels + i) = window(j, i);
      }
    }
  }
  [[gnu::noinline]] void short_convolution_gradient(Input x, Input weight, Input dy, Output dx, Output d_weight, Input initial,
                                                    Input d_final, Output d_initial) {
    const Index taps = weight.columns, channels = x.columns;
    this->zero(dx);
    if (d_initial) this->zero(d_initial);
    for (Index s = 0; s < std::ssize(this->sequences()); ++s) {
      const Sequence& sequence = this->sequences()[static_cast<std::size_t>(s)];
      const auto give = [&](Index t, Index i, T d) {
        if (t >= 0)
          dx(sequence.begin + t, i) += d;
        else if (d_initial)
          d_initial(s, (t + taps - 1) * channels + i) += d;
      };
      for (Index t = 0; t < sequence.length; ++t)
        for (Index i = 0; i < channels; ++i)
          for (Index j = 0; j < taps; ++j) {
            const T d = dy(sequence.begin + t, i);
            d_weight(i, j) += d * before(x, initial, sequence, s, t - taps + 1 + j, taps, i);
            give(t - taps + 1 + j, i, d * weight(i, j));
          }
      if (d_final)
        for (Index j = 0; j < taps - 1; ++j)
          for (Index i = 0; i < channels; ++i) give(sequence.length - taps + 1 + j, i, d_final(s, j * channels + i));
    }
  }

 protected:
  static T real(double value) { return T(static_cast<Real<T>>(value)); }
  static T real(Index value) { return real(static_cast<double>(value)); }

 private:
  // What a norm multiplies channel i by.
  static T factor(const NormSizes& sizes, Input weight, Index i) {
    return weight ? weight(0, i) + real(sizes.weight_offset) : T(1);
  }
  // Input of token t of a sequence, or of the window before it.
  static T before(Input x, Input initial, const Sequence& sequence, Index s, Index t, Index taps, Index channel) {
    if (t >= 0) return x(sequence.begin + t, channel);
    return initial ? initial(s, (t + taps - 1) * x.columns + channel) : T(0);
  }
};

}  // namespace rondo
