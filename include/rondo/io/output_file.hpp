// Files that a program is told to write: nothing of the user's is lost for a slip of the hand.
//
//   require_writable_as(out, "--out", "a token file", is_token_file, {text, tokenizer});
//
// Throws Error where the name is that of an input, whatever its spelling, or of a file that is there and of another kind than what would
// be written; one of the same kind is replaced.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo {

// `is_of_kind` sees the bytes of the file that is there.
inline void require_writable_as(const std::filesystem::path& out, const std::string& option, const std::string& kind,
                                const std::function<bool(std::string_view)>& is_of_kind, const std::vector<std::filesystem::path>& inputs) {
  std::error_code ignored;
  for (const std::filesystem::path& input : inputs)
    require(!std::filesystem::equivalent(out, input, ignored), option, " ", out.string(), ": is read by this command and would be lost");
  if (!std::filesystem::is_regular_file(out, ignored)) return;  // another thing of that name is found out by who writes
  const MappedFile file{out};
  require(file.size() == 0 || is_of_kind(file.text()), option, " ", out.string(), ": there is a file of that name, and it is not ", kind,
          "; it stays as it is");
}

// Whether the bytes are a JSON object with this member.
inline bool is_json_with(std::string_view text, const char* member) {
  const Json document = Json::parse(text, nullptr, false);
  return document.is_object() && document.contains(member);
}

}  // namespace rondo
