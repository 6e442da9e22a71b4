// Carried: the states that a pass starts from and leaves, as records of which each may be absent; at(&Record::member) is the same of an
// inner layer's.
#pragma once

namespace rondo {

template <class Record>
struct Carried {
  const Record* initial = nullptr;  // state before the first token; absent: zero
  const Record* final = nullptr;    // where the state after the last token goes; absent: not wanted
  template <class Member>
  [[nodiscard]] constexpr Carried<Member> at(Member Record::* member) const {
    return {initial ? &(initial->*member) : nullptr, final ? &(final->*member) : nullptr};
  }
};
template <class Record>
struct CarriedGradient {
  const Record* initial = nullptr;    // the state that the forward pass started from
  const Record* d_final = nullptr;    // gradient of the state after the last token; absent: zero
  const Record* d_initial = nullptr;  // where the gradient of the initial state goes; absent: not wanted
  template <class Member>
  [[nodiscard]] constexpr CarriedGradient<Member> at(Member Record::* member) const {
    return {initial ? &(initial->*member) : nullptr, d_final ? &(d_final->*member) : nullptr,
            d_initial ? &(d_initial->*member) : nullptr};
  }
};

// A record that may be absent, as one of views without data.
template <class Record>
constexpr Record or_none(const Record* record) {
  return record ? *record : Record{};
}

}  // namespace rondo
