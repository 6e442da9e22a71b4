// Header-only, or with the parts that depend on no model compiled once.
//
// Most of rondo is templates and short functions. A few entry points stand before much code that is the same for every model:
// command lines, JSON, tokenizers, charts, forms of checkpoint files. Without further ado they are header-only like the rest:
// the header that declares one includes its definition. Where RONDO_COMPILED is defined (CMake's target rondo::compiled does it, and
// links the library) the declaration alone is seen, and a program compiles in a fraction of the time.
//
//   std::shared_ptr<const FileForm> published_form(const LstmOptions&);                     // checkpoint/lstm.hpp
//   #if RONDO_HEADER_ONLY
//   #include <rondo/model/checkpoint/lstm_files.hpp>                                        // RONDO_DEFINED_ONCE ... published_form
//   #endif
//
// A template of which most programs use the same few instances, and which stays open for others, names those after its definition:
//
//   #if !RONDO_HEADER_ONLY
//   RONDO_COMPILED_ONCE(standard_gates) template void gate_rows<SigmoidForget>(...);        // gate/standard_gates.hpp
//   #endif
//
// which says `extern` everywhere but in the one unit of the library that defines RONDO_HOLDS_standard_gates as `, ,`.
#pragma once

#if defined(RONDO_COMPILED)
#define RONDO_HEADER_ONLY 0
#define RONDO_DEFINED_ONCE
#else
#define RONDO_HEADER_ONLY 1
#define RONDO_DEFINED_ONCE inline
#endif

#define RONDO_SECOND_OF(first, second, ...) second
#define RONDO_SECOND(...) RONDO_SECOND_OF(__VA_ARGS__)
#define RONDO_COMPILED_ONCE(group) RONDO_SECOND(RONDO_HOLDS_##group, extern, )
