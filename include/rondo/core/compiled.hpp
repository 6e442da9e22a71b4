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
//   RONDO_COMPILED_ONCE template void map_rows<Silu>(View<const float>, View<float>);       // cpu/activation_loops.hpp
//   #endif
//
// which says `extern` everywhere but in the one unit of the library that defines RONDO_INSTANCES.
#pragma once

#if defined(RONDO_COMPILED)
#define RONDO_HEADER_ONLY 0
#define RONDO_DEFINED_ONCE
#else
#define RONDO_HEADER_ONLY 1
#define RONDO_DEFINED_ONCE inline
#endif

#if defined(RONDO_INSTANCES)
#define RONDO_COMPILED_ONCE
#else
#define RONDO_COMPILED_ONCE extern
#endif
