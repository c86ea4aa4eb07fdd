// Finds cards as device plugins and management tools do, through libpci and
// libudev, then opens each node, asks for a buffer and maps it. Prints one line
// per card: PCI address, node.
#include <fcntl.h>
#include <libudev.h>
#include <pci/pci.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int use(const char* node) {
  const int fd = open(node, O_RDWR | O_CLOEXEC);
  if (fd < 0) return 0;
  struct {
    uint64_t size;
    uint32_t handle, pad;
  } create = {4096, 0, 0};
  struct {
    uint32_t handle, pad;
    uint64_t offset;
  } where = {0, 0, 0};
  if (ioctl(fd, 0xc0106441UL, &create) != 0) return 0;
  where.handle = create.handle;
  if (ioctl(fd, 0xc0106442UL, &where) != 0) return 0;
  char* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)where.offset);
  if (memory == MAP_FAILED) return 0;
  strcpy(memory, "used");
  close(fd);
  return strcmp(memory, "used") == 0;
}

int main(void) {
  struct udev* udev = udev_new();
  struct pci_access* pci = pci_alloc();
  pci_init(pci);
  pci_scan_bus(pci);
  int failed = 0;
  for (struct pci_dev* device = pci->devices; device != NULL; device = device->next) {
    pci_fill_info(device, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_BASES | PCI_FILL_SIZES);
    if (device->vendor_id != 0x17cb || device->device_class != 0x1200) continue;
    if (device->size[2] != 0x200000 || pci_read_word(device, PCI_DEVICE_ID) != device->device_id) failed = 1;
    char address[32];
    snprintf(address, sizeof address, "%04x:%02x:%02x.%x", (unsigned)device->domain, device->bus, device->dev,
             device->func);
    struct udev_enumerate* nodes = udev_enumerate_new(udev);
    udev_enumerate_add_match_subsystem(nodes, "accel");
    udev_enumerate_scan_devices(nodes);
    struct udev_list_entry* entry;
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(nodes)) {
      struct udev_device* node = udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));
      if (node == NULL) {
        failed = 1;
        continue;
      }
      struct udev_device* parent = udev_device_get_parent_with_subsystem_devtype(node, "pci", NULL);
      if (parent != NULL && strcmp(udev_device_get_sysname(parent), address) == 0) {
        const char* path = udev_device_get_devnode(node);
        printf("%s %s\n", address, path);
        if (!use(path)) failed = 1;
      }
      udev_device_unref(node);
    }
    udev_enumerate_unref(nodes);
  }
  pci_cleanup(pci);
  udev_unref(udev);
  return failed;
}
