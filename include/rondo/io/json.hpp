// JSON documents.
//
//   Json document = read_json("config.json");                       // Json: rondo/io/json_value.hpp
//   write_json("run.json", document);                               // complete or not at all (AtomicFile)
//   set_at(document, "train.steps", "1000");                        // what --set train.steps=1000 means
//
// Reading is strict: bytes after the document, a key given twice, text that is not UTF-8, numbers beyond a double and
// nesting deeper than 200 are errors; "NAME:LINE:COLUMN: ..." says where. The bare words NaN, Infinity and -Infinity,
// which Python writes though JSON has none, are read and written only with BareNumbers::allowed; otherwise a number that
// is not finite is an error both ways. Objects are searched from the front: to look up many keys of a large object, walk
// it once (`document.items()`).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <rondo/core/compiled.hpp>
#include <rondo/core/error.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/json_value.hpp>

namespace rondo {

// `name` is what messages call the document: its path, or where the text came from.
Json parse_json(std::string_view text, const std::string& name, BareNumbers bare = BareNumbers::refused);
Json read_json(const std::filesystem::path& path, BareNumbers bare = BareNumbers::refused);

// The document as indented text that ends with a new line.
std::string json_text(const Json& document, const std::string& name = "JSON", BareNumbers bare = BareNumbers::refused);
void write_json(const std::filesystem::path& path, const Json& document, BareNumbers bare = BareNumbers::refused);

// Sets the member that `path` ("train.steps") names, making the objects on the way. `value` is read as JSON where it is
// JSON (1000, 0.1, true, [1, 2], "text") and is a text otherwise.
void set_at(Json& document, std::string_view path, std::string_view value);

}  // namespace rondo

#if RONDO_HEADER_ONLY
#include <rondo/io/json_text.hpp>
#endif
