# cmake -DOUT=file.cc "-DFILES=a.js;b.css" -P embed.cmake: writes files as C++ byte arrays.
set(arrays "")
set(table "")
set(number 0)
foreach(path IN LISTS FILES)
    get_filename_component(name "${path}" NAME)
    file(READ "${path}" hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR bytes "${digits} / 2")
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," data "${hex}")
    string(APPEND arrays "constexpr char kFile${number}[] = {${data}};\n")
    string(APPEND table "    {\"${name}\", {kFile${number}, ${bytes}}},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}" "// Made by embed.cmake.
#include \"generator/blueprint/runtime_files.h\"

namespace origin::generator {

namespace {

${arrays}
constexpr RuntimeFile kFiles[] = {
${table}};

}  // namespace

std::span<const RuntimeFile> runtime_files() {
    return kFiles;
}

}  // namespace origin::generator
")
