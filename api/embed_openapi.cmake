# cmake -DIN=openapi.json -DOUT=openapi_file.cc -P embed_openapi.cmake: the file as a C++ array.
file(READ "${IN}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "(..)" "'\\\\x\\1'," data "${hex}")
file(WRITE "${OUT}" "// Made by embed_openapi.cmake.
#include \"api/openapi_file.h\"

namespace origin::api {

namespace {

constexpr char kFile[] = {${data}};

}  // namespace

std::string_view openapi_file() {
    return {kFile, ${bytes}};
}

}  // namespace origin::api
")
