# What programs need beyond the core: readers of files (JSON, tokenizers) and command lines. Part of the installed package too.
#
#   rondo::app        header-only
#   rondo::compiled   the same with all that depends on no model compiled once (include/rondo/core/compiled.hpp): programs that link
#                     it compile in a fraction of the time
find_package(nlohmann_json CONFIG QUIET)
find_package(CLI11 CONFIG QUIET)
find_path(RONDO_UTF8PROC_INCLUDE utf8proc.h)
find_library(RONDO_UTF8PROC_LIBRARY utf8proc)
find_path(RONDO_ONIGURUMA_INCLUDE oniguruma.h)
find_library(RONDO_ONIGURUMA_LIBRARY onig)
find_path(RONDO_SENTENCEPIECE_INCLUDE sentencepiece_processor.h)
find_library(RONDO_SENTENCEPIECE_LIBRARY sentencepiece)
mark_as_advanced(RONDO_UTF8PROC_INCLUDE RONDO_UTF8PROC_LIBRARY RONDO_ONIGURUMA_INCLUDE RONDO_ONIGURUMA_LIBRARY
                 RONDO_SENTENCEPIECE_INCLUDE RONDO_SENTENCEPIECE_LIBRARY)

set(RONDO_APP_LIBRARIES "")
set(RONDO_APP_DEFINITIONS "")
if(nlohmann_json_FOUND)
  list(APPEND RONDO_APP_LIBRARIES nlohmann_json::nlohmann_json)
endif()
if(CLI11_FOUND)
  list(APPEND RONDO_APP_LIBRARIES CLI11::CLI11)
endif()
if(RONDO_UTF8PROC_LIBRARY)
  list(APPEND RONDO_APP_LIBRARIES ${RONDO_UTF8PROC_LIBRARY})
endif()
if(RONDO_ONIGURUMA_LIBRARY)
  list(APPEND RONDO_APP_LIBRARIES ${RONDO_ONIGURUMA_LIBRARY})
endif()
if(RONDO_SENTENCEPIECE_INCLUDE AND RONDO_SENTENCEPIECE_LIBRARY)
  list(APPEND RONDO_APP_LIBRARIES ${RONDO_SENTENCEPIECE_LIBRARY})
  list(APPEND RONDO_APP_DEFINITIONS RONDO_SENTENCEPIECE=1)
endif()

add_library(rondo_app INTERFACE)
add_library(rondo::app ALIAS rondo_app)
target_link_libraries(rondo_app INTERFACE rondo::rondo ${RONDO_APP_LIBRARIES})
target_compile_definitions(rondo_app INTERFACE ${RONDO_APP_DEFINITIONS})

set(RONDO_COMPILED_HEADERS
    app/program.hpp app/ablation_program.hpp
    backend/cpu/attention.hpp backend/cpu/attention_backward.hpp backend/cpu/cell_backward.hpp backend/cpu/diagonal.hpp
    backend/cpu/elementwise_loops.hpp backend/cpu/loss_loops.hpp backend/cpu/sequence_loops.hpp
    backend/cpu/matrix_memory.hpp backend/cpu/matrix_memory_backward.hpp backend/cpu/matrix_product.hpp
    backend/cpu/outer_product.hpp backend/cpu/outer_product_backward.hpp backend/cpu/rotary.hpp
    backend/cpu/scalar_outer_product.hpp backend/cpu/scalar_outer_product_backward.hpp
    backend/cpu/selective_scan.hpp backend/cpu/selective_scan_backward.hpp backend/cpu/short_convolution.hpp
    model/checkpoint/gpt2_files.hpp model/checkpoint/hgrn1_files.hpp model/checkpoint/hgrn2_files.hpp
    model/checkpoint/llama_files.hpp model/checkpoint/lstm_files.hpp model/checkpoint/mamba_files.hpp
    model/checkpoint/mamba2_files.hpp model/checkpoint/opt_files.hpp model/checkpoint/xlstm_large_files.hpp
    model/checkpoint/xlstm_files.hpp)
# Headers that name instances of templates.
set(RONDO_INSTANCE_HEADERS backend/cpu/activation_loops.hpp backend/reference/reference.hpp gate/standard_gates.hpp
                           app/standard_backends.hpp)
set(sources "")
foreach(header IN LISTS RONDO_COMPILED_HEADERS RONDO_INSTANCE_HEADERS)
  string(REPLACE "/" "_" name "${header}")
  string(REPLACE ".hpp" ".cpp" name "${name}")
  set(source ${PROJECT_BINARY_DIR}/compiled/${name})
  set(text "#include <rondo/${header}>\n")
  if(header IN_LIST RONDO_INSTANCE_HEADERS)
    get_filename_component(group ${header} NAME_WE)
    string(PREPEND text "#define RONDO_HOLDS_${group} , ,\n")
  endif()
  file(CONFIGURE OUTPUT ${source} CONTENT "${text}")
  list(APPEND sources ${source})
endforeach()
add_library(rondo_compiled STATIC EXCLUDE_FROM_ALL ${sources})
add_library(rondo::compiled ALIAS rondo_compiled)
target_compile_definitions(rondo_compiled PUBLIC RONDO_COMPILED=1)
target_link_libraries(rondo_compiled PUBLIC rondo::app)
if(TARGET rondo_own_code)
  target_link_libraries(rondo_compiled PRIVATE rondo_own_code)
endif()
if(RONDO_NATIVE)
  # The width of a register decides how memory is laid out: the library and its users must agree.
  target_compile_options(rondo_compiled PUBLIC -march=native)
endif()
