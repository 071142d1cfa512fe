# Writes the files of the page into a C++ source: cmake -DFOLDER=… -DOUT=… -P embed.cmake
set(served
  "/|index.html|text/html|charset=utf-8"
  "/console.css|console.css|text/css|charset=utf-8"
  "/console.js|console.js|text/javascript|charset=utf-8"
  "/icon.svg|icon.svg|image/svg+xml|charset=utf-8")
set(arrays "")
set(rows "")
set(number 0)
foreach(line ${served})
  string(REPLACE "|" ";" line "${line}")
  list(GET line 0 path)
  list(GET line 1 file)
  list(GET line 2 type)
  list(GET line 3 charset)
  file(READ "${FOLDER}/${file}" hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${number}[] = {${bytes}};\n")
  string(APPEND rows "    Asset{\"${path}\", \"${type}; ${charset}\", {kFile${number}, sizeof kFile${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}" "// Made by embed.cmake.\n#include \"gateway/console/assets.h\"\n\n#include <array>\n\nnamespace sluice::console {\nnamespace {\n\n${arrays}\nconstexpr std::array kAssets = {\n${rows}};\n\n}  // namespace\n\nstd::span<const Asset> assets() noexcept {\n  return kAssets;\n}\n\n}  // namespace sluice::console\n")
