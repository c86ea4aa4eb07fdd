# How every target of the tree is built: one strict warning list, one output
# layout, and one function per kind of target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/internal)
set(QAIC_LIBEXEC_OUTPUT ${PROJECT_BINARY_DIR}/libexec/qaic)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# -O3 buys nothing here and makes GCC 12 warn about its own library.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")

# The distribution's Python has the modules that packaging/debian-packages.txt
# names; another one, first in PATH, need not.
if(NOT Python3_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python3_EXECUTABLE /usr/bin/python3)
endif()

include(GNUInstallDirs)
# Of a program, where others of ours stand that nobody starts by hand; in the build tree, too.
set(QAIC_LIBEXEC_FROM_BIN "../${CMAKE_INSTALL_LIBEXECDIR}/qaic")
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)

add_library(qaic_flags INTERFACE)
target_compile_options(qaic_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align
  -Wformat=2 -Wundef
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi>
  $<$<BOOL:${QAIC_WERROR}>:-Werror>)
target_include_directories(qaic_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(qaic_flags INTERFACE tl::expected)
if(QAIC_SANITIZE)
  target_compile_options(qaic_flags INTERFACE -fsanitize=${QAIC_SANITIZE} -fno-omit-frame-pointer)
  if(NOT QAIC_SANITIZE STREQUAL "thread")
    target_compile_options(qaic_flags INTERFACE -fno-sanitize-recover=all)
  endif()
  target_link_options(qaic_flags INTERFACE -fsanitize=${QAIC_SANITIZE})
endif()
if(QAIC_FUZZ)  # libraries too, or the fuzzer is blind to what it runs into
  target_compile_options(qaic_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# qaic_library(NAME SOURCES... [LINKS targets...])
# A folder's static library, for use inside the tree only.
function(qaic_library name)
  cmake_parse_arguments(A "" "" "LINKS" ${ARGN})
  add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC qaic_flags ${A_LINKS})
endfunction()

# qaic_program(NAME SOURCES... [LINKS targets...])
# An installed executable, in build/<preset>/bin.
function(qaic_program name)
  cmake_parse_arguments(A "" "" "LINKS" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE qaic_flags ${A_LINKS})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# qaic_doctest(NAME LABELS labels... SOURCES files... LINKS targets...)
# One doctest program = one ctest entry. Labels: unit, lint, abi, cli,
# conformance, vm, fuzz-replay, docs, packaging, sim. Exit code 77 = skipped.
function(qaic_doctest name)
  cmake_parse_arguments(A "" "TIMEOUT" "LABELS;SOURCES;LINKS" ${ARGN})
  if(NOT TARGET qaic_doctest_main)  # slow to compile: once for all of them
    add_library(qaic_doctest_main OBJECT ${PROJECT_SOURCE_DIR}/tests/support/doctest_main.cpp)
    target_link_libraries(qaic_doctest_main PRIVATE qaic_flags)
  endif()
  add_executable(${name} ${A_SOURCES} $<TARGET_OBJECTS:qaic_doctest_main>)
  target_link_libraries(${name} PRIVATE qaic_flags ${A_LINKS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" SKIP_RETURN_CODE 77 TIMEOUT ${A_TIMEOUT})
endfunction()

# qaic_script_test(NAME LABELS labels... COMMAND cmd... [TIMEOUT s])
# A test that is a script. It finds the built tree in QAIC_BUILD and the
# source tree in QAIC_SOURCE. Exit code 77 = skipped. Its runtime folder is the
# build's own, so that no `qaic-sim run` joins cards that somebody has started.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/runtime)
function(qaic_script_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "LABELS;COMMAND" ${ARGN})
  add_test(NAME ${name} COMMAND ${A_COMMAND})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" SKIP_RETURN_CODE 77 TIMEOUT ${A_TIMEOUT}
    ENVIRONMENT "QAIC_BUILD=${PROJECT_BINARY_DIR};QAIC_SOURCE=${PROJECT_SOURCE_DIR};XDG_RUNTIME_DIR=${PROJECT_BINARY_DIR}/runtime;PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support")
endfunction()

# qaic_fuzz(NAME CORPUS dir SOURCES file LINKS targets...)
# SOURCES defines LLVMFuzzerTestOneInput. With QAIC_FUZZ it becomes a libFuzzer
# program (build/<preset>/fuzz/NAME); always, it becomes a replayer of the
# corpus, run by ctest under the label fuzz-replay.
function(qaic_fuzz name)
  cmake_parse_arguments(A "" "CORPUS" "SOURCES;LINKS" ${ARGN})
  if(NOT TARGET qaic_fuzz_replay_main)
    add_library(qaic_fuzz_replay_main OBJECT ${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay_main.cpp)
    target_link_libraries(qaic_fuzz_replay_main PRIVATE qaic_flags)
  endif()
  add_executable(replay_${name} ${A_SOURCES} $<TARGET_OBJECTS:qaic_fuzz_replay_main>)
  target_link_libraries(replay_${name} PRIVATE qaic_flags ${A_LINKS})
  set_target_properties(replay_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME replay_${name} COMMAND replay_${name} ${CMAKE_CURRENT_SOURCE_DIR}/${A_CORPUS})
  set_tests_properties(replay_${name} PROPERTIES LABELS "fuzz-replay" TIMEOUT 120)
  if(QAIC_FUZZ)
    add_executable(${name} ${A_SOURCES})
    target_link_libraries(${name} PRIVATE qaic_flags ${A_LINKS})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    # Where scripts/test finds what to start from.
    file(REAL_PATH ${A_CORPUS} corpus BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    file(WRITE ${PROJECT_BINARY_DIR}/fuzz/${name}.corpus "${corpus}")
  endif()
endfunction()

# qaic_pkg_config(NAME DESCRIPTION COMPONENT)
# Makes and installs NAME.pc for libNAME.so.
function(qaic_pkg_config name description component)
  set(QAIC_PC_NAME ${name})
  set(QAIC_PC_DESCRIPTION ${description})
  file(RELATIVE_PATH QAIC_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  configure_file(${PROJECT_SOURCE_DIR}/packaging/library.pc.in ${PROJECT_BINARY_DIR}/packaging/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/packaging/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${component})
endfunction()
