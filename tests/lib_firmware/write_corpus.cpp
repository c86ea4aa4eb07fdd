// Writes seeds for the fuzz target: write_firmware_corpus FOLDER. Their keys
// are thrown away; the seeds are kept in tests/fuzz/firmware-corpus.
#include <cstdio>
#include <fstream>
#include <string>

#include "tests/lib_firmware/synthetic_image.hpp"

namespace {

using namespace qaic;

void write(const std::string& path, base::Bytes bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_firmware_corpus FOLDER\n", stderr);
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  const test::Authority authority;
  for (const char* file : {"sbl.bin", "fw1.bin", "fw2.bin", "fw10.bin"}) {
    write(folder + file, test::synthetic(file, "1.20").build(authority));
  }
  auto two = test::synthetic("fw5.bin", "1.20");
  two.segments[1].flags = 2U << wire::mbn::kRoleShift;
  write(folder + "two-hash-segments", two.build(authority));
  auto image = test::synthetic("sbl.bin", "1.20");
  image.certificates = {authority.certificates()[0]};
  image.gap = "gap";
  write(folder + "leaf-alone", image.build(authority));
  auto truncated = test::synthetic("fw2.bin", "1.20").build(authority);
  truncated.resize(truncated.size() / 2);
  write(folder + "truncated", truncated);
  write(folder + "certificate", authority.certificates()[1]);
  write(folder + "no-image", base::as_bytes("version https://git-lfs.invalid/spec/v1\n"));
  return 0;
}
