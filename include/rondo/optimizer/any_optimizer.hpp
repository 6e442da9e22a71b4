// One of rondo's optimisers, chosen at run time.
#pragma once

#include <array>
#include <variant>

#include <rondo/optimizer/adam.hpp>
#include <rondo/optimizer/adamw.hpp>
#include <rondo/optimizer/lamb.hpp>
#include <rondo/optimizer/lion.hpp>
#include <rondo/optimizer/muon.hpp>
#include <rondo/optimizer/schedule_free.hpp>
#include <rondo/optimizer/sgd.hpp>

namespace rondo {

struct AnyOptimizer {
  std::variant<AdamW, Adam, Lamb, Lion, Muon, ScheduleFreeAdamW, Sgd> chosen;
};

}  // namespace rondo
