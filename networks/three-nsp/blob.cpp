// Writes the constants of three-nsp:
//   blob OUT.bin
// w1 of 32 x 96 and w2 of 96 x 96 bytes, any numbers from -127 to 127 that do
// not repeat soon.
#include <cstdint>
#include <fstream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  std::string out;
  std::uint32_t state = 1;
  for (unsigned i = 0; i < (32 + 96) * 96; ++i) {
    state = state * 1664525 + 1013904223;
    out.push_back(static_cast<char>(static_cast<int>((state >> 16) % 255) - 127));
  }
  std::ofstream file(argv[1], std::ios::binary);
  file.write(out.data(), static_cast<std::streamsize>(out.size()));
  return file.flush() ? 0 : 1;
}
