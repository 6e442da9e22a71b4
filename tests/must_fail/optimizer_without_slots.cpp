// An optimiser that does not say what it keeps.
#include <rondo/backend/reference/reference.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/optimizer/optimizer_state.hpp>

namespace rondo {

struct Slotless {
  static constexpr std::string_view name = "slotless";
  static constexpr bool elementwise = true;
  double rate = 1;
  static void each_setting(auto& settings, auto&& visit) { visit("rate", settings.rate, at_least_zero); }
};

OptimizerState<Slotless, Reference<double>> state(const Parameters<Linear<>, Reference<double>>& weights) {
  return {Slotless{}, weights};
}

}  // namespace rondo
