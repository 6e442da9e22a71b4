// The #include graph of include/rondo: arrows point one way, other libraries stay in their one place, headers have guards.
//
//   core, recurrence <- backend <- layer <- gate <- mixer <- combinator <- model <- objective, optimizer, parallel <- train <- app
//
// (A recurrence is a value that names an operation; back-ends are specialised for it.)
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace rondo {

using Names = std::set<std::string>;

// What each folder may include beside itself. A folder without an entry is one that this list has yet to learn about.
const std::map<std::string, Names>& allowed() {
  static const std::map<std::string, Names> table = [] {
    std::map<std::string, Names> result;
    Names below;
    for (const std::string folder :
         {"core", "recurrence", "backend", "layer", "gate", "mixer", "combinator", "model", "parallel", "objective", "optimizer"}) {
      result[folder] = below;
      below.insert(folder);
    }
    result["core"] = {};
    result["recurrence"] = {"core"};
    result["objective"].erase("optimizer");
    result["optimizer"].erase("objective");
    for (const char* folder : {"objective", "optimizer"}) result[folder].erase("parallel");
    result["io"] = {"core"};
    result["data"] = {"core", "io"};
    result["interop"] = {"core"};
    result["model"].insert("io");  // checkpoints of models
    below.insert({"io", "data"});
    for (const std::string folder : {"train", "generate", "evaluate"}) result[folder] = below;
    below.insert({"train", "generate", "evaluate", "interop"});
    result["app"] = below;
    result["testing"] = below;
    below.insert({"app", "testing"});
    result[""] = below;  // rondo.hpp and its like
    return result;
  }();
  return table;
}

// The headers of other libraries, by how their names begin, and the folders or files that may include them.
const std::map<std::string, Names>& places() {
  static const std::map<std::string, Names> table{
      {"Eigen/", {"backend/cpu/eigen_product.hpp", "interop/"}},
      {"unsupported/Eigen", {}},
      {"oneapi/", {"backend/cpu/onednn_product.hpp"}},
      {"dnnl", {"backend/cpu/onednn_product.hpp"}},
      {"nlohmann/", {"io/json_value.hpp"}},
      {"xtensor", {"interop/"}},
      {"utf8proc", {"data/tokenizer/unicode_tables.hpp"}},
      {"oniguruma", {"data/tokenizer/regular_expression.hpp"}},
      {"sentencepiece", {"data/tokenizer/sentence_piece_model.hpp"}},
      {"zip.h", {"io/zip_archive.hpp"}},
      {"CLI/", {"app/"}},
      {"boost/", {}},
      {"thrust/", {"backend/cuda/"}},
      {"cub/", {"backend/cuda/"}},
      {"mpi", {"parallel/"}},
      {"cuda_runtime.h", {"backend/cuda/"}},
      {"ucontext.h", {"backend/emulated/"}},
  };
  return table;
}

struct Include {
  std::string from;  // relative to include/rondo
  std::string target;
  bool quoted = false;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// The includes of the lines of a header.
std::vector<Include> includes_of(const std::string& path, std::istream& lines) {
  std::vector<Include> result;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line.compare(hash, 1, "#") != 0) continue;
    const std::size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
    const std::size_t begin = line.find_first_of("<\"", word);
    const std::size_t end = line.find_first_of(">\"", begin + 1);
    if (end != std::string::npos) result.push_back({path, line.substr(begin + 1, end - begin - 1), line[begin] == '"'});
  }
  return result;
}

// A sentence for each include that the rules forbid.
std::vector<std::string> violations(const std::vector<Include>& includes) {
  std::vector<std::string> result;
  for (const auto& [from, target, quoted] : includes) {
    const std::string folder = folder_of(from);
    if (quoted) result.push_back(from + " includes \"" + target + "\": write <rondo/...>");
    if (allowed().count(folder) == 0) {
      result.push_back(from + ": folder '" + folder + "' is not in the order of folders");
      continue;
    }
    if (target.rfind("rondo/", 0) == 0) {
      const std::string other = folder_of(target.substr(6));
      if (other != folder && other != "" && allowed().at(folder).count(other) == 0)
        result.push_back(from + " includes " + target + ": " + folder + " must not depend on " + other);
      continue;
    }
    for (const auto& [library, where] : places())
      if (target.rfind(library, 0) == 0 &&
          std::none_of(where.begin(), where.end(), [&place = from](const std::string& start) { return place.rfind(start, 0) == 0; }))
        result.push_back(from + " includes " + target + ", which has its place elsewhere");
  }
  return result;
}

std::vector<std::filesystem::path> headers() {
  std::vector<std::filesystem::path> result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path{RONDO_SOURCE} / "include/rondo"))
    if (entry.path().extension() == ".hpp") result.push_back(entry.path());
  std::sort(result.begin(), result.end());
  return result;
}
std::string place_of(const std::filesystem::path& header) {
  return header.lexically_relative(std::filesystem::path{RONDO_SOURCE} / "include/rondo").generic_string();
}

void expect_none(const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) BOOST_ERROR(fault);
}

BOOST_AUTO_TEST_SUITE(include_graph)

BOOST_AUTO_TEST_CASE(arrows_point_one_way) {
  std::vector<Include> includes;
  for (const auto& header : headers()) {
    std::ifstream lines{header};
    const auto more = includes_of(place_of(header), lines);
    includes.insert(includes.end(), more.begin(), more.end());
  }
  BOOST_TEST(includes.size() > 300U);
  expect_none(violations(includes));
}

BOOST_AUTO_TEST_CASE(no_header_includes_itself_through_others) {
  std::map<std::string, Names> graph;
  for (const auto& header : headers()) {
    std::ifstream lines{header};
    for (const Include& include : includes_of(place_of(header), lines))
      if (include.target.rfind("rondo/", 0) == 0) graph[include.from].insert(include.target.substr(6));
  }
  Names done;
  std::vector<std::string> open, cycles;
  const auto visit = [&](const auto& self, const std::string& header) -> void {
    if (done.count(header)) return;
    const auto before = std::find(open.begin(), open.end(), header);
    if (before != open.end()) {
      std::string cycle;
      for (auto place = before; place != open.end(); ++place) cycle += *place + " -> ";
      cycles.push_back(cycle + header);
      return;
    }
    open.push_back(header);
    for (const std::string& next : graph[header]) self(self, next);
    open.pop_back();
    done.insert(header);
  };
  for (const auto& header : headers()) visit(visit, place_of(header));
  expect_none(cycles);
}

BOOST_AUTO_TEST_CASE(headers_open_with_a_comment_and_a_guard) {
  std::vector<std::string> without;
  for (const auto& header : headers()) {
    std::ifstream file{header};
    std::stringstream text;
    text << file.rdbuf();
    if (text.str().rfind("// ", 0) != 0 || text.str().find("\n#pragma once\n") == std::string::npos)
      without.push_back(place_of(header));
  }
  expect_none(without);
}

BOOST_AUTO_TEST_CASE(forbidden_includes_are_found) {
  const auto complaint = [](const std::string& path, const std::string& line) {
    std::istringstream lines{line + "\n"};
    const auto found = violations(includes_of(path, lines));
    return found.empty() ? std::string{} : found.front();
  };
  BOOST_TEST(complaint("layer/a.hpp", "#include <rondo/core/view.hpp>") == "");
  BOOST_TEST(complaint("core/a.hpp", "#include <rondo/layer/norm.hpp>") ==
             "core/a.hpp includes rondo/layer/norm.hpp: core must not depend on layer");
  BOOST_TEST(complaint("backend/cpu/a.hpp", "  #  include <rondo/gate/forget.hpp>") ==
             "backend/cpu/a.hpp includes rondo/gate/forget.hpp: backend must not depend on gate");
  BOOST_TEST(complaint("layer/a.hpp", "#include <Eigen/Core>") ==
             "layer/a.hpp includes Eigen/Core, which has its place elsewhere");
  BOOST_TEST(complaint("interop/eigen.hpp", "#include <Eigen/Core>") == "");
  BOOST_TEST(complaint("train/a.hpp", "#include <nlohmann/json.hpp>") ==
             "train/a.hpp includes nlohmann/json.hpp, which has its place elsewhere");
  BOOST_TEST(complaint("train/a.hpp", "#include \"rondo/core/view.hpp\"") ==
             "train/a.hpp includes \"rondo/core/view.hpp\": write <rondo/...>");
  BOOST_TEST(complaint("novel/a.hpp", "#include <vector>") == "novel/a.hpp: folder 'novel' is not in the order of folders");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo
