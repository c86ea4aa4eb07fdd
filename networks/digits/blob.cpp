// Makes what the digits network needs out of its text files:
//   blob WEIGHTS.txt HELD-OUT.txt FOLDER
// writes FOLDER/constants.bin (struct constants of digits.c),
// FOLDER/images.npy (int8, 360 x 64) and FOLDER/labels.npy (int32, 360).
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<int> values;
};

std::map<std::string, Matrix> read_weights(std::istream& in) {
  std::map<std::string, Matrix> out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream head(line);
    std::string name;
    Matrix matrix;
    if (!(head >> name >> matrix.rows >> matrix.columns)) return {};
    matrix.values.resize(matrix.rows * matrix.columns);
    for (int& value : matrix.values) in >> value;
    std::getline(in, line);
    out[name] = matrix;
  }
  return out;
}

void put(std::string& out, int value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) {
    out.push_back(static_cast<char>(static_cast<unsigned>(value) >> (8 * i) & 0xff));
  }
}

// NumPy's format 1.0: magic, header length, header padded to 64 bytes, data.
std::string npy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  put(out, static_cast<int>(header.size()), 2);
  return out + header + data;
}

bool write(const std::string& path, const std::string& data) {
  std::ofstream out(path, std::ios::binary);
  out.write(data.data(), static_cast<std::streamsize>(data.size()));
  return static_cast<bool>(out.flush());
}

int complain(const char* what) {
  std::fprintf(stderr, "blob: %s\n", what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::size_t kPixels = 64;
  constexpr std::size_t kHidden = 64;
  constexpr std::size_t kDigits = 10;
  constexpr std::size_t kLanes = 32;
  constexpr std::size_t kImages = 360;
  if (argc != 4) return complain("usage: blob WEIGHTS.txt HELD-OUT.txt FOLDER");
  std::ifstream weights_file(argv[1]);
  auto weights = read_weights(weights_file);
  const auto has = [&](const char* name, std::size_t rows, std::size_t columns) {
    return weights[name].rows == rows && weights[name].columns == columns;
  };
  if (!has("w1", kPixels, kHidden) || !has("b1", 1, kHidden) || !has("shift", 1, 1) ||
      !has("w2", kHidden, kDigits) || !has("b2", 1, kDigits) || !weights_file.eof()) {
    return complain("the weights are not those of this network");
  }

  std::string constants;
  put(constants, weights["shift"].values[0], 4);
  constants.append(31 * 4, '\0');
  for (const int value : weights["b1"].values) put(constants, value, 4);
  for (std::size_t i = 0; i < kLanes; ++i) put(constants, i < kDigits ? weights["b2"].values[i] : 0, 4);
  for (const int value : weights["w1"].values) put(constants, value, 1);
  for (std::size_t j = 0; j < kHidden; ++j) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      put(constants, i < kDigits ? weights["w2"].values[j * kDigits + i] : 0, 1);
    }
  }

  std::ifstream images_file(argv[2]);
  std::string images;
  std::string labels;
  for (std::string line; std::getline(images_file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream in(line);
    int value = 0;
    in >> value;
    put(labels, value, 4);
    for (std::size_t k = 0; k < kPixels; ++k) {
      if (!(in >> value)) return complain("an image has fewer than 64 pixels");
      put(images, value, 1);
    }
  }
  if (labels.size() != 4 * kImages) return complain("there are not 360 images");

  const std::string folder = std::string(argv[3]) + "/";
  if (!write(folder + "constants.bin", constants) ||
      !write(folder + "images.npy", npy("|i1", "360, 64", images)) ||
      !write(folder + "labels.npy", npy("<i4", "360,", labels))) {
    return complain("cannot write");
  }
  return 0;
}
