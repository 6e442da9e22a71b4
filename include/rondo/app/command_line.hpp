// The command line of a program: options that many commands have, and what is said of wrong ones.
//
//   CLI::App program = ...;
//   add_output_options(command, common);
//   if (const auto status = parse(program, argc, argv)) return *status;      // 0 after --help and --version, 2 for wrong usage
//
// An unknown command or option is named, with the one of most alike name.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <rondo/app/common.hpp>
#include <rondo/io/nearest_word.hpp>

namespace rondo::app {

// A check of an option's value whose message says what was expected; `fits` sees the text.
template <class Fits>
auto expected(std::string what, Fits fits) {
  return [what = std::move(what), fits](const std::string& text) -> std::string {
    return fits(text) ? std::string{} : "expected " + what + ", found " + text;
  };
}
template <class Number>
std::optional<Number> whole_number(const std::string& text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}
// A whole number from `least` on.
inline auto whole_number_from(std::int64_t least) {
  return expected("a whole number from " + std::to_string(least) + " on", [least](const std::string& text) {
    const auto value = whole_number<std::int64_t>(text);
    return value && *value >= least;
  });
}

inline CLI::Option* add_seed_option(CLI::App& command, CommonOptions& common, const std::string& purpose) {
  return command.add_option("--seed", common.seed, purpose)
      ->check(expected("a whole number from 0 to 18446744073709551615",
                       [](const std::string& text) { return whole_number<std::uint64_t>(text).has_value(); }));
}
inline void add_threads_option(CLI::App& command, CommonOptions& common) {
  command.add_option("--threads", common.threads, "threads (0: as many as the process may use, fewer for small work)")
      ->check(expected("a whole number from 0 to 2147483647", [](const std::string& text) {
        const auto value = whole_number<int>(text);
        return value && *value >= 0;
      }))
      ->capture_default_str();
}
inline void add_force_option(CLI::App& command, CommonOptions& common) {
  command.add_flag("--force", common.force, "train in a precision that this processor has no instructions for, too");
}
inline void add_output_options(CLI::App& command, CommonOptions& common) {
  command.add_flag("--quiet", common.quiet, "no progress, only results and errors");
  command.add_flag("--json", common.json, "the last line of the output is a JSON object");
}

// An option that may be given again, each time with one text, which is taken as it stands.
inline CLI::Option* add_texts_option(CLI::App& command, const std::string& name, std::vector<std::string>& texts,
                                     const std::string& purpose) {
  const auto take = [&texts](CLI::results_t given) {
    if (given == CLI::results_t{"{}", "%%"}) given.pop_back();  // what the parser makes of "{}"
    texts = std::move(given);
    return true;
  };
  return command.add_option(name, CLI::callback_t(take), purpose)->type_name("TEXT")->expected(1, -1)->allow_extra_args(false);
}

// The end of a message about an unknown word: the name that it is short for, or that is most like it.
inline std::string meant(const std::string& word, const std::vector<std::string>& names) {
  const auto longer = std::find_if(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(word); });
  return longer != names.end() ? "; did you mean '" + *longer + "'?" : did_you_mean(word, names);
}

// What is wrong with the words of a command line whose parsing failed: its first unknown command or option. Empty: something else.
inline std::string unknown_word(const CLI::App& program, int argc, char** argv) {
  const CLI::App* command = &program;
  const std::vector<const CLI::App*> commands = program.get_subcommands([](const CLI::App*) { return true; });
  for (int i = 1; i < argc; ++i) {
    const std::string_view given = argv[i];
    const std::string word(given.substr(0, given.find('=')));
    if (word.starts_with("--")) {
      std::vector<std::string> names;
      for (const CLI::Option* option : command->get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      if (std::find(names.begin(), names.end(), word) == names.end())
        return "unknown option " + word + meant(word, names);
    } else if (command == &program && !commands.empty() && !word.starts_with("-")) {
      std::vector<std::string> names;
      for (const CLI::App* one : commands) names.push_back(one->get_name());
      const auto found = std::find(names.begin(), names.end(), word);
      if (found == names.end()) return "unknown command '" + word + "'" + meant(word, names);
      command = commands[static_cast<std::size_t>(found - names.begin())];
    }
  }
  return {};
}

// The exit status where there is nothing more to do.
inline std::optional<int> parse(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) {
      occupy_standard_files();
      program.exit(problem);
      return std::fflush(stdout) == 0 ? 0 : 1;
    }
    const std::string unknown = unknown_word(program, argc, argv);
    if (unknown.empty()) {
      program.exit(problem);
    } else {
      std::fprintf(stderr, "%s: %s\nRun with --help for more information.\n", program.get_name().c_str(), unknown.c_str());
    }
    return 2;
  }
}

}  // namespace rondo::app
