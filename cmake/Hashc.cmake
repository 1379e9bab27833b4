# How hashc's own libraries are built.
include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})

add_library(hashc-flags INTERFACE)
target_compile_options(hashc-flags INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Werror=return-type -ffunction-sections -fdata-sections)
if(HASHC_ASSERTIONS)
  target_compile_options(hashc-flags INTERFACE -UNDEBUG)
endif()
if(HASHC_SANITIZE)
  target_compile_options(hashc-flags INTERFACE -fsanitize=${HASHC_SANITIZE} -fno-omit-frame-pointer)
  # The sanitizers' own weak defaults would satisfy the linker: take it whole.
  add_library(HashcSanitizer STATIC ${CMAKE_SOURCE_DIR}/cmake/SanitizerOptions.cpp)
  target_link_libraries(hashc-flags INTERFACE HashcSanitizer)
  target_link_options(hashc-flags INTERFACE -fsanitize=${HASHC_SANITIZE}
    "LINKER:--whole-archive,${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/libHashcSanitizer.a,--no-whole-archive")
endif()

if(HASHC_PCH)
  add_library(hashc-pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
  target_link_libraries(hashc-pch PUBLIC hashc-flags)
  if(HASHC_ASSERTIONS)
    target_compile_options(hashc-pch PRIVATE "SHELL:-include ${CMAKE_SOURCE_DIR}/cmake/Statistics.h")
  endif()
  target_precompile_headers(hashc-pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
endif()

# hashc_link_mlir(TARGET MLIRName...): with the dylib every name collapses into it.
function(hashc_link_mlir target)
  if(HASHC_ASSERTIONS)
    target_compile_options(${target} PRIVATE "SHELL:-include ${CMAKE_SOURCE_DIR}/cmake/Statistics.h")
  endif()
  if(HASHC_LINK_DYLIB)
    target_link_libraries(${target} PUBLIC MLIR LLVM)
  else()
    target_link_libraries(${target} PUBLIC ${ARGN})
  endif()
endfunction()

# hashc_library(NAME SOURCES a.cpp... [DEPENDS IncGen...] [LINK HashcLib...] [MLIR MLIRFooDialect...])
# One static library a folder. Libraries that use MLIR share one precompiled header.
function(hashc_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK;MLIR" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC hashc-flags ${ARG_LINK})
  if(ARG_MLIR)
    hashc_link_mlir(${name} ${ARG_MLIR})
    hashc_reuse_pch(${name})
  endif()
endfunction()

function(hashc_reuse_pch target)
  if(HASHC_PCH)
    target_precompile_headers(${target} REUSE_FROM hashc-pch)
  endif()
endfunction()
