// Packs matrices of a text file as a network's constants:
//   blob WEIGHTS.txt OUT.bin NAME:BYTES:COLUMNS...
// in that order, each value in so many bytes, each row filled up with zeros to
// so many columns. The text: "name rows columns", then the rows; # is a comment.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<long> values;
};

bool read_matrices(std::istream& in, std::map<std::string, Matrix>& out) {
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream head(line);
    std::string name;
    Matrix matrix;
    if (!(head >> name >> matrix.rows >> matrix.columns)) return false;
    matrix.values.resize(matrix.rows * matrix.columns);
    for (long& value : matrix.values) {
      if (!(in >> value)) return false;
    }
    std::getline(in, line);
    out[name] = matrix;
  }
  return true;
}

bool put(std::string& out, long value, unsigned bytes) {
  const long most = 1L << (8 * bytes - 1);
  for (unsigned i = 0; i < bytes; ++i) {
    out.push_back(static_cast<char>(static_cast<unsigned long>(value) >> (8 * i) & 0xff));
  }
  return value >= -most && value < most;
}

bool append(std::string& out, const Matrix& matrix, unsigned bytes, std::size_t columns) {
  if (matrix.columns > columns || matrix.rows == 0) return false;
  bool fits = true;
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const bool inside = column < matrix.columns;
      fits = put(out, inside ? matrix.values[row * matrix.columns + column] : 0, bytes) && fits;
    }
  }
  return fits;
}

int complain(const std::string& what) {
  std::fprintf(stderr, "blob: %s\n", what.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return complain("usage: blob WEIGHTS.txt OUT.bin NAME:BYTES:COLUMNS...");
  std::ifstream in(argv[1]);
  std::map<std::string, Matrix> matrices;
  if (!in || !read_matrices(in, matrices)) return complain(std::string("cannot read ") + argv[1]);
  std::string out;
  for (int i = 3; i < argc; ++i) {
    std::istringstream part(argv[i]);
    std::string name;
    unsigned bytes = 0;
    std::size_t columns = 0;
    char colon = 0;
    if (!std::getline(part, name, ':') || !(part >> bytes >> colon >> columns) ||
        (bytes != 1 && bytes != 4)) {
      return complain(std::string("not of the form NAME:BYTES:COLUMNS: ") + argv[i]);
    }
    if (!append(out, matrices[name], bytes, columns)) return complain(name + " does not fit");
  }
  std::ofstream file(argv[2], std::ios::binary);
  file.write(out.data(), static_cast<std::streamsize>(out.size()));
  return file.flush() ? 0 : complain("cannot write");
}
