# rondo::compiled: what depends on no model, compiled once (include/rondo/core/compiled.hpp). Programs that link it instead of
# rondo::app compile in a fraction of the time.
set(RONDO_COMPILED_HEADERS
    app/program.hpp app/ablation_program.hpp
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
