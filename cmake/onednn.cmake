# oneDNN as the target rondo_onednn::dnnl, with RONDO_ONEDNN_FOUND. Part of the installed package too.
#
# Looked for by its files: oneDNN's own package configuration stops with an error where it was built for OpenCL and the headers of
# OpenCL are not there, which rondo has no use for.
find_path(RONDO_ONEDNN_INCLUDE dnnl.h)
find_library(RONDO_ONEDNN_LIBRARY dnnl)
mark_as_advanced(RONDO_ONEDNN_INCLUDE RONDO_ONEDNN_LIBRARY)
set(RONDO_ONEDNN_FOUND OFF)
if(RONDO_ONEDNN_INCLUDE AND RONDO_ONEDNN_LIBRARY)
  set(RONDO_ONEDNN_FOUND ON)
  if(NOT TARGET rondo_onednn::dnnl)
    add_library(rondo_onednn::dnnl INTERFACE IMPORTED)
    set_target_properties(rondo_onednn::dnnl PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${RONDO_ONEDNN_INCLUDE}
                                                        INTERFACE_LINK_LIBRARIES ${RONDO_ONEDNN_LIBRARY})
  endif()
endif()
