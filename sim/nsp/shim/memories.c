#include "sim/nsp/shim/shim.h"

enum {
  MAX_MULTICAST = 1024,
  MAX_RANGES = 64,
  /* Of one range of DDR that the context's base pointers cover; the rest can
   * be reached through map(). */
  MAX_BASE_WINDOW = 0x20000000,
  MULTICAST_ID_SHIFT = 23, /* 8 MiB of bus address per id */
};

static uint8_t* local_memory; /* of all NSPs of the network */
static struct nsp_multicast_entry* tables;
static void* windows[MAX_MULTICAST];
static uint32_t windows_begin, windows_end;
static struct nsp_multicast_entry own_table[MAX_MULTICAST]; /* reprogram changes it */

static struct {
  uint8_t* address; /* NULL: free */
  uint32_t size;
} ranges[MAX_RANGES];
static volatile uint32_t ranges_locked;

static uint32_t whole_pages(uint32_t size) {
  return (size + NSP_GUEST_PAGE - 1) & ~(uint32_t)(NSP_GUEST_PAGE - 1);
}

static uint8_t* map_base_window(uint32_t kind, int protection, const char* complaint) {
  const struct nsp_window* window = &control->window[kind];
  if (window->fd < 0) return NULL;
  const uint32_t size = window->size < MAX_BASE_WINDOW ? (uint32_t)window->size : MAX_BASE_WINDOW;
  uint8_t* address = map_file(window->fd, 0, whole_pages(size), protection);
  if (address == NULL) fatal(complaint);
  return address + window->skip;
}

static void make_multicast_windows(void) {
  const uint32_t count = control->multicast_count;
  if (count > MAX_MULTICAST) fatal("more multicast ids than the simulated NSP has");
  if (count == 0) return;
  const struct nsp_multicast_entry* own = tables + own_nsp * count;
  uint32_t total = 0;
  for (uint32_t i = 0; i < count; ++i) {
    own_table[i] = own[i];
    total += whole_pages(own[i].size != 0 ? own[i].size : 1);
  }
  /* Only addresses: what is written there goes elsewhere, a plain access faults. */
  uint8_t* base = map_anonymous(0, total, 0);
  if (base == NULL) fatal("cannot reserve addresses for multicast");
  windows_begin = (uint32_t)base;
  windows_end = windows_begin + total;
  for (uint32_t i = 0; i < count; ++i) {
    windows[i] = base;
    base += whole_pages(own[i].size != 0 ? own[i].size : 1);
  }
}

void map_memories(struct nsp_context* context) {
  const uint32_t local_size = control->local_stride * control->nsp_count;
  local_memory = map_file(control->local_fd, 0, local_size, MAP_READ | MAP_WRITE);
  if (local_memory == NULL) fatal("cannot map the local memories");
  context->l2tcm = local_memory + own_nsp * control->local_stride;
  context->vtcm = context->l2tcm + control->vtcm_offset;
  context->constants = map_base_window(NSP_WINDOW_CONSTANTS + own_nsp, MAP_READ, "cannot map the constants");
  context->ddr = map_base_window(NSP_WINDOW_SHARED, MAP_READ | MAP_WRITE, "cannot map the shared DDR");
  context->heap = map_base_window(NSP_WINDOW_HEAP, MAP_READ | MAP_WRITE, "cannot map the network heap");
  context->heap_size = (uint64_t)control->heap_size_high << 32 | control->heap_size_low;

  /* Cached DDR, trace port, bandwidth monitor: memory of this NSP alone. */
  uint8_t* scratch = map_anonymous(0, 3 * NSP_GUEST_PAGE, MAP_READ | MAP_WRITE);
  if (scratch == NULL) fatal("cannot map scratch memory");
  context->l2_cached_ddr = scratch;
  context->trace_port = scratch + NSP_GUEST_PAGE;
  context->ddr_bandwidth_monitor = scratch + 2 * NSP_GUEST_PAGE;
  context->utc_offset = (uint64_t*)(scratch + NSP_GUEST_PAGE - 8);

  const uint32_t table_size =
      control->nsp_count * control->multicast_count * sizeof(struct nsp_multicast_entry);
  if (table_size != 0) {
    tables = (struct nsp_multicast_entry*)map_file(control->control_fd, NSP_TABLE_OFFSET,
                                                   whole_pages(table_size), MAP_READ);
    if (tables == NULL) fatal("cannot map the multicast tables");
  }
  make_multicast_windows();
  context->multicast = windows;
}

bool multicast_write(uint32_t destination, const void* source, uint32_t size) {
  if (destination < windows_begin || destination >= windows_end) return false;
  uint32_t id = 0;
  while (id + 1 < control->multicast_count && (uint32_t)windows[id + 1] <= destination) ++id;
  const struct nsp_multicast_entry* entry = &own_table[id];
  const uint32_t offset = destination - (uint32_t)windows[id];
  const uint32_t room = entry->memory == NSP_MEMORY_VTCM ? control->vtcm_size : control->l2tcm_size;
  if (offset > entry->size || size > entry->size - offset || entry->offset > room ||
      entry->size > room - entry->offset) {
    fatal("user DMA beyond the end of a multicast window");
  }
  const uint32_t memory = entry->memory == NSP_MEMORY_VTCM ? control->vtcm_offset : 0;
  for (uint32_t nsp = 0; nsp < control->nsp_count; ++nsp) {
    if (nsp == own_nsp || (entry->mask >> nsp & 1) == 0) continue;
    copy_bytes(local_memory + nsp * control->local_stride + memory + entry->offset + offset, source, size);
  }
  return true;
}

static void lock_ranges(void) {
  while (__atomic_exchange_n(&ranges_locked, 1, __ATOMIC_ACQUIRE) != 0) {
  }
}
static void unlock_ranges(void) {
  __atomic_store_n(&ranges_locked, 0, __ATOMIC_RELEASE);
}

static int map_file_range(void** address, uint64_t offset, uint32_t size, uint32_t kind, uint32_t* index) {
  const struct nsp_window* window = &control->window[kind];
  if (window->fd < 0 || size == 0) return -1;
  const uint64_t room = window->size - window->skip;
  if (offset > room || size > room - offset) return -1;
  const uint64_t from = offset + window->skip;
  const uint32_t skip = (uint32_t)from & (NSP_GUEST_PAGE - 1);
  if (size > 0x7fffffffU - skip || from >> 31 != 0) return -1; /* the emulator's limit on offsets */
  const uint32_t mapped = whole_pages(size + skip);
  uint32_t slot = 0;
  lock_ranges();
  while (slot < MAX_RANGES && ranges[slot].address != NULL) ++slot;
  uint8_t* base = NULL;
  if (slot < MAX_RANGES) {
    const int protection = kind >= NSP_WINDOW_CONSTANTS ? MAP_READ : MAP_READ | MAP_WRITE;
    base = map_file(window->fd, from - skip, mapped, protection);
    if (base != NULL) {
      ranges[slot].address = base;
      ranges[slot].size = mapped;
    }
  }
  unlock_ranges();
  if (base == NULL) return -1;
  *address = base + skip;
  *index = slot;
  return 0;
}

int map_range(void** address, uint64_t offset, uint32_t size, int type, uint32_t* index) {
  switch (type) {
    case NSP_MAP_CONSTANTS:
      return map_file_range(address, offset, size, NSP_WINDOW_CONSTANTS + own_nsp, index);
    case NSP_MAP_DDR:
      return map_file_range(address, offset, size, NSP_WINDOW_SHARED, index);
    case NSP_MAP_MULTICAST: {
      const uint32_t id = (uint32_t)(offset >> MULTICAST_ID_SHIFT);
      const uint32_t within = (uint32_t)offset & ((1U << MULTICAST_ID_SHIFT) - 1);
      if (offset >> 32 != 0 || id >= control->multicast_count || within > own_table[id].size ||
          size > own_table[id].size - within) {
        return -1;
      }
      *address = (uint8_t*)windows[id] + within;
      *index = MAX_RANGES + id; /* nothing to give back */
      return 0;
    }
    default:
      return -1;
  }
}

int unmap_range(uint32_t index) {
  if (index >= MAX_RANGES) return index < MAX_RANGES + control->multicast_count ? 0 : -1;
  lock_ranges();
  uint8_t* address = ranges[index].address;
  if (address != NULL) unmap(address, ranges[index].size);
  ranges[index].address = NULL;
  unlock_ranges();
  return address != NULL ? 0 : -1;
}

int reprogram_multicast(uint16_t id, uint64_t base_offset, uint32_t mask, int memory) {
  if (id >= control->multicast_count || (memory != NSP_MEMORY_L2TCM && memory != NSP_MEMORY_VTCM)) return -1;
  const uint32_t room = memory == NSP_MEMORY_VTCM ? control->vtcm_size : control->l2tcm_size;
  struct nsp_multicast_entry* entry = &own_table[id];
  const bool keep_offset = base_offset == ~0ULL;
  const uint64_t offset = keep_offset ? entry->offset : base_offset;
  if (offset > room || entry->size > room - offset || mask >> control->nsp_count != 0) return -1;
  entry->offset = (uint32_t)offset;
  entry->mask = mask;
  entry->memory = (uint32_t)memory;
  return 0;
}
