# Programs for the card's cores, built with the distribution's clang and lld.
# Sets QAIC_HEXAGON when both are found.

find_program(QAIC_HEXAGON_CC NAMES clang-14 clang DOC "clang with the Hexagon target")
find_program(QAIC_HEXAGON_LD NAMES ld.lld-14 ld.lld DOC "LLVM's linker")
set(QAIC_HEXAGON OFF)
if(QAIC_HEXAGON_CC AND QAIC_HEXAGON_LD)
  set(QAIC_HEXAGON ON)
else()
  message(STATUS "clang or ld.lld not found: the simulated card will not execute networks, and none are built")
endif()

set(QAIC_HEXAGON_FLAGS --target=hexagon-unknown-elf -mv68 -G0 -O2 -ffreestanding -std=gnu11
  -Wall -Wextra -Werror -Wno-int-to-pointer-cast -Wno-pointer-to-int-cast)
# The emulator's pages are 64 KiB; code and data that share one are slow.
set(QAIC_HEXAGON_LINK_FLAGS -z max-page-size=65536 -z separate-code)

# qaic_hexagon_elf(OUTPUT file SOURCES files... [FLAGS compile flags...] [LINK link flags...] [DEPENDS files...])
# Compiles each C source and links them into `file`.
function(qaic_hexagon_elf)
  cmake_parse_arguments(A "" "OUTPUT" "SOURCES;FLAGS;LINK;DEPENDS" ${ARGN})
  get_filename_component(folder ${A_OUTPUT} DIRECTORY)
  get_filename_component(stem ${A_OUTPUT} NAME_WE)
  set(objects)
  foreach(source ${A_SOURCES})
    get_filename_component(path ${source} ABSOLUTE)
    get_filename_component(base ${source} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${stem}-objects/${base}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/${stem}-objects
      COMMAND ${QAIC_HEXAGON_CC} ${QAIC_HEXAGON_FLAGS} ${A_FLAGS} -I${PROJECT_SOURCE_DIR} -MD -MF ${object}.d
              -c ${path} -o ${object}
      DEPENDS ${path} ${A_DEPENDS} DEPFILE ${object}.d
      COMMENT "Compiling ${base}.c for Hexagon" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  add_custom_command(OUTPUT ${A_OUTPUT}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${QAIC_HEXAGON_LD} ${QAIC_HEXAGON_LINK_FLAGS} ${A_LINK} -o ${A_OUTPUT} ${objects}
    DEPENDS ${objects} COMMENT "Linking ${stem} for Hexagon" VERBATIM)
endfunction()
