// The library itself: version, strings.
#include <qaic/qaic.h>

#include <cstdlib>

extern "C" {

const char* qaic_version(void) {
  return QAIC_VERSION_TEXT;
}

void qaic_string_free(char* text) {
  std::free(text);
}

}  // extern "C"
