// libdrm on an accel node: what its own helpers send, and what they make of
// the answers.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int fd = open(argv[1], O_RDWR | O_CLOEXEC);
  if (fd < 0) return 1;
  drmVersionPtr version = drmGetVersion(fd);
  if (version == NULL) return 1;
  printf("%s|%s|%d.%d.%d\n", version->name, version->desc, version->version_major, version->version_minor,
         version->version_patchlevel);
  drmFreeVersion(version);
  struct drm_get_cap cap = {DRM_CAP_TIMESTAMP_MONOTONIC, 0};
  if (drmIoctl(fd, DRM_IOCTL_GET_CAP, &cap) != 0 || cap.value != 1) return 1;
  uint64_t value = 7;
  if (drmGetCap(fd, DRM_CAP_SYNCOBJ, &value) != 0 || value != 0) return 1;
  if (drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0) return 1;
  return drmClose(fd) == 0 ? 0 : 1;
}
