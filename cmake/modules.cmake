# add_module(NAME DEPENDS a b [LINK libs…] [SYSTEM includes…]): the library stoa_NAME from
# src/NAME/*.cpp, its SQL from src/NAME/sql/*.sql as <NAME/sql.hpp>, and the test program NAME_test
# from src/NAME/*_test.cpp. Depending on a module that is not yet declared (one above) is an error.
set_property(GLOBAL PROPERTY STOA_MODULES "")

function(add_module name)
  cmake_parse_arguments(M "" "" "DEPENDS;LINK" ${ARGN})
  get_property(known GLOBAL PROPERTY STOA_MODULES)
  foreach(dependency IN LISTS M_DEPENDS)
    if(NOT dependency IN_LIST known)
      message(FATAL_ERROR "module ${name} depends on ${dependency}, which is not above it in src/CMakeLists.txt")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY STOA_MODULES ${name})
  set_property(GLOBAL PROPERTY STOA_DEPENDS_${name} "${M_DEPENDS}")

  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cpp)
  file(GLOB queries CONFIGURE_DEPENDS ${dir}/sql/*.sql)
  list(REMOVE_ITEM sources ${tests} "${dir}/main.cpp")
  set(kind PUBLIC)
  if(sources)
    add_library(stoa_${name} STATIC ${sources})
  else()
    add_library(stoa_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  list(TRANSFORM M_DEPENDS PREPEND stoa_ OUTPUT_VARIABLE lower)
  target_link_libraries(stoa_${name} ${kind} stoa_flags ${lower} ${M_LINK})
  if(queries)
    set(header ${CMAKE_BINARY_DIR}/generated/${name}/sql.hpp)
    add_custom_command(OUTPUT ${header}
      COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/embed_sql.py ${name} ${header} ${queries}
      DEPENDS ${queries} ${CMAKE_SOURCE_DIR}/tools/embed_sql.py VERBATIM)
    add_custom_target(stoa_${name}_sql DEPENDS ${header})
    add_dependencies(stoa_${name} stoa_${name}_sql)
  endif()
  if(tests AND NOT STOA_FUZZ)
    find_package(GTest REQUIRED)
    add_executable(${name}_test ${tests})
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)  # "support/…"
    target_compile_definitions(${name}_test PRIVATE STOA_VECTORS="${CMAKE_SOURCE_DIR}/tests/vectors")
    target_link_libraries(${name}_test PRIVATE stoa_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_property(GLOBAL APPEND PROPERTY STOA_TESTS ${name}_test)
  endif()
endfunction()

# migrations/*.sql as a source of the module that applies them.
function(embed_migrations name)
  file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/migrations/*.sql)
  set(source ${CMAKE_BINARY_DIR}/generated/${name}/all_migrations.cpp)
  add_custom_command(OUTPUT ${source}
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/embed_migrations.py ${source} ${migrations}
    DEPENDS ${migrations} ${CMAKE_SOURCE_DIR}/tools/embed_migrations.py VERBATIM)
  target_sources(stoa_${name} PRIVATE ${source})
endfunction()

# web/ and docs/openapi.yaml as a source of the module that serves them; the sources are read for
# the page of error codes.
function(embed_pages name)
  file(GLOB inputs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/* ${CMAKE_SOURCE_DIR}/src/*/*.cpp)
  set(source ${CMAKE_BINARY_DIR}/generated/${name}/web_pages_content.cpp)
  add_custom_command(OUTPUT ${source}
    COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tools/embed_web.py ${CMAKE_SOURCE_DIR} ${source}
    DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/docs/openapi.yaml ${CMAKE_SOURCE_DIR}/tools/embed_web.py VERBATIM)
  target_sources(stoa_${name} PRIVATE ${source})
endfunction()

# The edges as CMake knows them; tools/check_layers.py holds the includes and the diagram to this.
function(write_module_graph file)
  get_property(known GLOBAL PROPERTY STOA_MODULES)
  set(rows "")
  foreach(name IN LISTS known)
    get_property(depends GLOBAL PROPERTY STOA_DEPENDS_${name})
    list(JOIN depends "\", \"" joined)
    if(joined)
      set(joined "\"${joined}\"")
    endif()
    list(APPEND rows "  \"${name}\": [${joined}]")
  endforeach()
  list(JOIN rows ",\n" body)
  file(WRITE ${file} "{\n${body}\n}\n")
endfunction()
