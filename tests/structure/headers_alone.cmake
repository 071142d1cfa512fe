# sluice_headers_alone(TARGET ROOT FOLDER …): an object library with a source for each header below
# the folders, which includes that header alone, twice. The one glob of the build: a header that
# nobody lists has to compile too.
function(sluice_headers_alone target root)
  set(sources)
  foreach(folder ${ARGN})
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${root} ${root}/${folder}/*.h)
    if(NOT headers)
      message(FATAL_ERROR "no header in ${root}/${folder}")
    endif()
    foreach(header ${headers})
      set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}/${header}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
      list(APPEND sources ${source})
    endforeach()
  endforeach()
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PRIVATE ${root})
endfunction()
