# find_package(rondo) for installed trees. The dependencies are looked for again by the consumer.
include(CMakePackageConfigHelpers)
install(DIRECTORY include/rondo DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS rondo EXPORT rondoTargets)
install(EXPORT rondoTargets NAMESPACE rondo:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rondo)
configure_package_config_file(cmake/rondoConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/rondoConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rondo PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/rondoConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/app.cmake cmake/native.cmake cmake/onednn.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/rondoConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/rondoConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rondo)
