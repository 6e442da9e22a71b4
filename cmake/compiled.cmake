# rondo::compiled: what depends on no model, compiled once (include/rondo/core/compiled.hpp). Programs that link it instead of
# rondo::app compile in a fraction of the time.
set(RONDO_COMPILED_HEADERS
    app/program.hpp app/ablation_program.hpp
    backend/cpu/attention.hpp backend/cpu/attention_backward.hpp backend/cpu/lstm_cell_backward.hpp
    backend/cpu/matrix_product.hpp backend/cpu/outer_product.hpp backend/cpu/outer_product_backward.hpp
    backend/cpu/rotary.hpp backend/cpu/short_convolution.hpp
    model/checkpoint/hgrn2_files.hpp model/checkpoint/llama_files.hpp model/checkpoint/lstm_files.hpp)
set(sources "")
foreach(header IN LISTS RONDO_COMPILED_HEADERS)
  string(REPLACE "/" "_" name "${header}")
  string(REPLACE ".hpp" ".cpp" name "${name}")
  set(source ${PROJECT_BINARY_DIR}/compiled/${name})
  file(CONFIGURE OUTPUT ${source} CONTENT "#include <rondo/${header}>\n")
  list(APPEND sources ${source})
endforeach()
add_library(rondo_compiled STATIC EXCLUDE_FROM_ALL ${sources})
add_library(rondo::compiled ALIAS rondo_compiled)
target_compile_definitions(rondo_compiled PUBLIC RONDO_COMPILED=1)
target_link_libraries(rondo_compiled PUBLIC rondo_app)
if(TARGET rondo_own_code)
  target_link_libraries(rondo_compiled PRIVATE rondo_own_code)
endif()
if(RONDO_NATIVE)
  # The width of a register decides how memory is laid out: the library and its users must agree.
  target_compile_options(rondo_compiled PUBLIC -march=native)
endif()
