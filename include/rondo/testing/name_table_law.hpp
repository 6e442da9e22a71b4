// Law L13: the table of names that another program gives to a model's weights is a bijection.
//
//   BOOST_TEST(name_table_violations(model, table) == std::vector<std::string>{}, boost::test_tools::per_element());
//
// Every weight has a name; the name leads back to it; no two weights lie in one place; of a tensor that holds several weights
// every part is there and all have the same size.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <rondo/core/record.hpp>
#include <rondo/model/checkpoint/name_table.hpp>

namespace rondo {

// One sentence for each violation.
template <class Model>
std::vector<std::string> name_table_violations(const Model& model, const NameTable& table) {
  struct Part {
    std::string path;
    Dimensions dimensions;
    Rows rows;
  };
  std::vector<std::string> violations;
  std::map<std::string, std::vector<Part>> tensors;
  std::map<std::string, int> paths;
  each_leaf_of(WeightRecords{}, model, [&](const std::string& path, const Leaf& leaf) {
    if (++paths[path] == 2) violations.push_back("two weights have the path '" + path + "'");
    if (const auto stored = table.name_of(path)) {
      if (!table.leads_to(stored->name, stored->rows.part, path))
        violations.push_back("'" + path + "' is '" + stored->name + "', which leads back to '" +
                             table.path_of(stored->name, stored->rows.part).value_or("nothing") + "'");
      tensors[stored->name].push_back({path, leaf.dimensions, stored->rows});
    } else {
      violations.push_back("'" + path + "' has no name");
    }
  });
  for (const auto& [name, parts] : tensors) {
    std::vector<int> present(static_cast<std::size_t>(parts.front().rows.parts));
    for (const Part& part : parts) {
      if (part.rows.parts != parts.front().rows.parts || part.rows.part < 0 || part.rows.part >= part.rows.parts)
        violations.push_back("'" + name + "' has different numbers of parts");
      else if (++present[static_cast<std::size_t>(part.rows.part)] == 2)
        violations.push_back("'" + part.path + "' and another weight are both part " + std::to_string(part.rows.part) + " of '" +
                             name + "'");
      if (part.dimensions != parts.front().dimensions) violations.push_back("the parts of '" + name + "' have different sizes");
    }
    for (std::size_t i = 0; i < present.size(); ++i)
      if (present[i] == 0) violations.push_back("part " + std::to_string(i) + " of '" + name + "' is no weight");
  }
  return violations;
}

}  // namespace rondo
