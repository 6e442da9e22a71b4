// Json: a document in memory; the only header that includes nlohmann/json.
#pragma once

#include <nlohmann/json.hpp>

namespace rondo {

using Json = nlohmann::ordered_json;  // objects keep the order of their keys

enum class BareNumbers { refused, allowed };

}  // namespace rondo
