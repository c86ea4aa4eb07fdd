// Writes the six images of one synthetic release and prints the SHA-384 of the
// root they are signed under: write_firmware_set FOLDER RELEASE
#include <cstdio>
#include <fstream>
#include <string>

#include "tests/lib_firmware/synthetic_image.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: write_firmware_set FOLDER RELEASE\n", stderr);
    return 2;
  }
  const qaic::test::Authority authority;
  for (const char* file : {"sbl.bin", "fw1.bin", "fw2.bin", "fw5.bin", "fw9.bin", "fw10.bin"}) {
    const auto bytes = qaic::test::synthetic(file, argv[2]).build(authority);
    std::ofstream out(std::string(argv[1]) + "/" + file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) return 7;
  }
  std::puts(authority.root_sha384().c_str());
  return 0;
}
