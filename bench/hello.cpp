// What a C++ program costs that does next to nothing.
#include <iostream>

int main() {
  std::cout << "hello\n";
}
