/*
 * Judges one firmware image and says which versions it holds.
 *
 *   cc verify_image.c $(pkg-config --cflags --libs qaic-fw) -o verify_image
 */
#include <qaic/qaic-fw.h>
#include <stdio.h>
#include <stdlib.h>

/* The whole file, for the caller to free; NULL with nothing allocated. */
static void* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  void* bytes = NULL;
  if (fseek(file, 0, SEEK_END) == 0) {
    const long length = ftell(file);
    if (length > 0) bytes = malloc((size_t)length);
    *size = length > 0 ? (size_t)length : 0;
  }
  rewind(file);
  if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: verify_image FILE\n");
    return QAIC_FW_ERROR_USAGE;
  }
  size_t size = 0;
  void* bytes = read_file(argv[1], &size);
  if (bytes == NULL) {
    perror(argv[1]);
    return QAIC_FW_ERROR_BAD_INPUT;
  }

  qaic_fw_error error;
  qaic_fw_image* image = NULL;
  const int failed = qaic_fw_image_verify(bytes, size, argv[1], NULL, &image, &error);
  free(bytes);
  if (failed) {
    fprintf(stderr, "verify_image: %s\n", error.what);
    return (int)error.kind;
  }

  const int verdict = (int)qaic_fw_image_verdict(image);
  if (qaic_fw_image_failure(image, &error)) {
    printf("%s: %s\n", argv[1], error.what);
  } else {
    printf("%s: good\n", argv[1]);
  }
  static const char* const components[] = {"SBL", "QSM", "NSP", "TZ"};
  for (size_t i = 0; i < sizeof components / sizeof components[0]; ++i) {
    const char* version = qaic_fw_image_version(image, components[i]);
    if (version != NULL) printf("  %s\n", version);
  }
  qaic_fw_image_free(image);
  return verdict;
}
