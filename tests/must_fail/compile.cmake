# cmake -DCOMPILER= -DSOURCE= -DINCLUDE=folder -DEXPECTED=text;text -P compile.cmake
# Fails unless the compiler refuses SOURCE with messages that hold every text of EXPECTED; without EXPECTED, unless it accepts.
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDE} ${SOURCE} RESULT_VARIABLE status OUTPUT_VARIABLE messages ERROR_VARIABLE messages)

if(NOT EXPECTED)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} was to compile:\n${messages}")
  endif()
  return()
endif()
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} was accepted")
endif()
foreach(text IN LISTS EXPECTED)
  if(NOT messages MATCHES "${text}")
    message(FATAL_ERROR "${SOURCE} was refused without the words '${text}':\n${messages}")
  endif()
endforeach()
