// A program that knows nothing of simulators: plain system calls on an accel
// node. Linked statically. `client CASE NODE [...]`; says what went wrong and
// ends with 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CREATE_BO 0xc0106441UL
#define MMAP_BO 0xc0106442UL
#define MANAGE 0xc0106440UL
#define VERSION 0xc0406400UL
#define GEM_CLOSE 0x40086409UL

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
      exit(1);                                                                          \
    }                                                                                   \
  } while (0)

struct create_bo {
  uint64_t size;
  uint32_t handle, pad;
};
struct mmap_bo {
  uint32_t handle, pad;
  uint64_t offset;
};

static int open_node(const char* path) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

static uint32_t create(int fd, uint64_t size) {
  struct create_bo request = {size, 0, 0};
  CHECK(ioctl(fd, CREATE_BO, &request) == 0);
  return request.handle;
}

static uint64_t offset_of(int fd, uint32_t handle) {
  struct mmap_bo request = {handle, 0, 0};
  CHECK(ioctl(fd, MMAP_BO, &request) == 0);
  return request.offset;
}

static int knows(int fd, uint32_t handle) {
  struct mmap_bo request = {handle, 0, 0};
  return ioctl(fd, MMAP_BO, &request) == 0;
}

static char* map(int fd, uint64_t offset, size_t size) {
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
  CHECK(memory != MAP_FAILED);
  return memory;
}

static int map_error(int fd, uint64_t offset, size_t size) {
  void* memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
  return memory == MAP_FAILED ? errno : 0;
}

// One STATUS transaction; gives the driver's answer to MANAGE.
static int status(int fd) {
  static _Alignas(8) unsigned char buffer[4096];
  memset(buffer, 0, sizeof buffer);
  const uint32_t header[2] = {12, 8};  // STATUS_FROM_USR
  memcpy(buffer, header, sizeof header);
  struct {
    uint32_t len, count;
    uint64_t data;
  } message = {8, 1, (uint64_t)(uintptr_t)buffer};
  if (ioctl(fd, MANAGE, &message) != 0) return -errno;
  uint32_t answer[2];
  memcpy(answer, buffer, sizeof answer);
  CHECK(answer[0] == 14 && answer[1] == 24);  // STATUS_FROM_DEV
  return 0;
}

static void case_buffer(const char* node) {
  const int fd = open_node(node);
  const uint32_t handle = create(fd, 10000);
  const uint64_t offset = offset_of(fd, handle);
  char* memory = map(fd, offset, 12288);
  for (int i = 0; i < 12288; ++i) CHECK(memory[i] == 0);
  strcpy(memory + 5000, "still there");
  CHECK(munmap(memory, 12288) == 0);
  memory = map(fd, offset, 8192);
  CHECK(strcmp(memory + 5000, "still there") == 0);
  // Two mappings are the same memory.
  char* again = map(fd, offset, 4096);
  memory[1] = 7;
  CHECK(again[1] == 7);
  CHECK(status(fd) == 0);
}

// The memory of a released BO is neither seen by the next one nor lost to a
// mapping that outlives it.
static void case_reuse(const char* node) {
  const int fd = open_node(node);
  for (int i = 0; i < 20; ++i) {
    const uint32_t handle = create(fd, 1 << 20);
    char* memory = map(fd, offset_of(fd, handle), 1 << 20);
    for (int at = 0; at < 1 << 20; at += 4096) CHECK(memory[at] == 0);
    memset(memory, 0x5A, 1 << 20);
    CHECK(munmap(memory, 1 << 20) == 0);
    const uint32_t close_request[2] = {handle, 0};
    CHECK(ioctl(fd, GEM_CLOSE, close_request) == 0);
  }
  const uint32_t handle = create(fd, 4096);
  char* kept = map(fd, offset_of(fd, handle), 4096);
  strcpy(kept, "kept");
  const uint32_t close_request[2] = {handle, 0};
  CHECK(ioctl(fd, GEM_CLOSE, close_request) == 0);
  CHECK(strcmp(kept, "kept") == 0);
  const uint32_t next = create(fd, 4096);
  char* memory = map(fd, offset_of(fd, next), 4096);
  CHECK(memory[0] == 0);
  strcpy(memory, "next");
  CHECK(strcmp(kept, "kept") == 0);
}

static void case_bad_offsets(const char* node) {
  const int fd = open_node(node);
  const uint32_t handle = create(fd, 8192);
  const uint64_t offset = offset_of(fd, handle);
  CHECK(map_error(fd, offset, 8192) == 0);
  CHECK(map_error(fd, offset, 4096) == 0);
  CHECK(map_error(fd, offset, 1) == 0);
  CHECK(map_error(fd, offset, 12288) == EINVAL);
  CHECK(map_error(fd, offset + 4096, 4096) == EINVAL);
  CHECK(map_error(fd, 0, 4096) == EINVAL);
  CHECK(map_error(fd, offset + (1ULL << 32), 4096) == EINVAL);
  CHECK(map_error(fd, offset, 0) == EINVAL);
  const int other = open_node(node);
  CHECK(map_error(other, offset, 4096) == EACCES);
}

static void case_bad_pointers(const char* node) {
  const int fd = open_node(node);
  CHECK(ioctl(fd, CREATE_BO, (void*)8) == -1 && errno == EFAULT);
  CHECK(ioctl(fd, CREATE_BO, NULL) == -1 && errno == EFAULT);
  char* pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED);
  CHECK(munmap(pages + 4096, 4096) == 0);
  CHECK(ioctl(fd, CREATE_BO, pages + 4096 - 8) == -1 && errno == EFAULT);
  // Readable, but the answer cannot be written.
  const struct create_bo request = {4096, 0, 0};
  memcpy(pages, &request, sizeof request);
  CHECK(mprotect(pages, 4096, PROT_READ) == 0);
  CHECK(ioctl(fd, CREATE_BO, pages) == -1 && errno == EFAULT);
  CHECK(status(fd) == 0);
  // Not a driver's number, and not a driver's descriptor.
  CHECK(ioctl(fd, 0xc010647fUL, pages) == -1 && errno == EINVAL);
  CHECK(ioctl(0x7000, MMAP_BO, pages) == -1 && errno == EBADF);
  const int null = open("/dev/null", O_RDWR);
  CHECK(ioctl(null, MMAP_BO, pages) == -1 && errno == ENOTTY);
}

static void case_dup(const char* node) {
  int fd = open_node(node);
  const uint32_t handle = create(fd, 4096);
  const int copy = dup(fd);
  const int high = fcntl(fd, F_DUPFD_CLOEXEC, 500);
  CHECK(copy >= 0 && high >= 500);
  CHECK(close(fd) == 0);
  CHECK(knows(copy, handle) && knows(high, handle));
  // The number is reused for another node: another user.
  fd = open_node(node);
  CHECK(!knows(fd, handle));
  CHECK(dup2(copy, fd) == fd);
  CHECK(knows(fd, handle));
  CHECK(close(copy) == 0 && close(high) == 0);
  CHECK(knows(fd, handle));
}

static void case_fork(const char* node) {
  const int fd = open_node(node);
  const uint32_t handle = create(fd, 4096);
  char* memory = map(fd, offset_of(fd, handle), 4096);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(knows(fd, handle));
    strcpy(memory, "from the child");
    const uint32_t theirs = create(fd, 4096);
    _exit((int)theirs);
  }
  int how = 0;
  CHECK(waitpid(child, &how, 0) == child && WIFEXITED(how));
  CHECK(strcmp(memory, "from the child") == 0);
  CHECK(knows(fd, (uint32_t)WEXITSTATUS(how)));
}

// The child got the node before the parent closed it: the user lives on.
static void case_outlive(const char* node) {
  int ready[2];
  CHECK(pipe(ready) == 0);
  const int fd = open_node(node);
  const uint32_t handle = create(fd, 4096);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1);
    _exit(knows(fd, handle) ? 0 : 1);
  }
  CHECK(close(fd) == 0);
  CHECK(status(open_node(node)) == 0);
  CHECK(write(ready[1], "x", 1) == 1);
  int how = 0;
  CHECK(waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

// The mapping keeps the user alive after close, as the kernel does.
static void case_mapping_outlives(const char* node) {
  const int fd = open_node(node);
  char* memory = map(fd, offset_of(fd, create(fd, 4096)), 4096);
  CHECK(close(fd) == 0);
  strcpy(memory, "mapped");
  CHECK(status(open_node(node)) == 0);
  CHECK(strcmp(memory, "mapped") == 0);
}

static void case_pass(const char* node) {
  int ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  char control[CMSG_SPACE(sizeof(int))];
  char byte = 0;
  struct iovec data = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (child == 0) {
    CHECK(recvmsg(ends[1], &message, 0) == 1);
    int fd;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    CHECK(knows(fd, (uint32_t)byte));
    CHECK(status(fd) == 0);
    _exit(0);
  }
  const int fd = open_node(node);
  byte = (char)create(fd, 4096);
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  CHECK(sendmsg(ends[0], &message, 0) == 1);
  CHECK(close(fd) == 0);
  int how = 0;
  CHECK(waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

static void case_exec(const char* node, const char* self) {
  const int fd = open(node, O_RDWR);
  CHECK(fd >= 0);
  const uint32_t handle = create(fd, 4096);
  const int closing = open_node(node);
  char number[16], text[16], closed[16];
  snprintf(number, sizeof number, "%d", fd);
  snprintf(text, sizeof text, "%u", handle);
  snprintf(closed, sizeof closed, "%d", closing);
  execl(self, self, "inherited", number, text, closed, (char*)NULL);
  CHECK(!"executed");
}

static void case_inherited(char** arguments) {
  CHECK(knows(atoi(arguments[0]), (uint32_t)atoi(arguments[1])));
  CHECK(fcntl(atoi(arguments[2]), F_GETFD) == -1 && errno == EBADF);
}

static void case_open_flags(const char* node) {
  CHECK(open(node, O_RDWR | O_EXCL) == -1 && errno == EBUSY);
  CHECK(open(node, O_RDWR | O_DIRECTORY) == -1 && errno == ENOTDIR);
  CHECK(open(node, O_RDWR | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST);
  int fd = open(node, O_RDWR | O_CLOEXEC);
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  fd = open(node, O_WRONLY | O_NONBLOCK);
  CHECK(fcntl(fd, F_GETFD) == 0);
  CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_WRONLY | O_NONBLOCK));
  CHECK(status(fd) == 0);
  fd = creat(node, 0600);
  CHECK(fd >= 0 && status(fd) == 0);
  struct {
    uint64_t flags, mode, resolve;
  } how = {O_RDWR, 0, 0};
  fd = (int)syscall(SYS_openat2, AT_FDCWD, node, &how, sizeof how);
  CHECK(fd >= 0 && status(fd) == 0);
  fd = (int)syscall(SYS_open, node, O_RDWR);
  CHECK(fd >= 0 && status(fd) == 0);
  fd = open(node, O_PATH);
  CHECK(fd >= 0);
  CHECK(ioctl(fd, CREATE_BO, &how) == -1 && errno == EBADF);
  CHECK(open("/dev/accel/accel99", O_RDWR) == -1 && errno == ENOENT);
  CHECK(ftruncate(open_node(node), 0) == -1);
}

static void case_read_only(const char* node) {
  const int fd = open(node, O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  const int copy = dup(fd);
  const uint32_t handle = create(fd, 4096);
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  // Both descriptors are one open file.
  CHECK(knows(copy, handle));
  CHECK(fcntl(copy, F_GETFD) == 0);
  CHECK(map_error(fd, offset_of(fd, handle), 4096) == 0);
  CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset_of(fd, handle)) == MAP_FAILED);
  CHECK(errno == EACCES);
  const int other = open(node, O_RDONLY);
  CHECK(!knows(other, handle));
  CHECK(status(other) == 0);
  // The first thing done with it is a mapping.
  const int third = open(node, O_RDONLY);
  CHECK(map_error(third, offset_of(fd, handle), 4096) == EACCES);
}

static void case_paths(const char* node) {
  const char* name = strrchr(node, '/') + 1;
  CHECK(chdir("/dev/accel") == 0);
  char path[4096];
  CHECK(status(open_node(name)) == 0);
  snprintf(path, sizeof path, "../accel/./../../dev//accel/%s", name);
  CHECK(status(open_node(path)) == 0);
  const int folder = open("..", O_PATH);
  snprintf(path, sizeof path, "accel/%s", name);
  int fd = openat(folder, path, O_RDWR);
  CHECK(fd >= 0 && status(fd) == 0);
  // Opened again by its descriptor: another user.
  const uint32_t handle = create(fd, 4096);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int again = open_node(path);
  CHECK(!knows(again, handle) && knows(fd, handle));
  CHECK(status(again) == 0);
  // A symbolic link of any name, in a folder of its own.
  char temporary[] = "/tmp/qaic-link-XXXXXX";
  CHECK(mkdtemp(temporary) != NULL);
  CHECK(chdir(temporary) == 0);
  CHECK(symlink(node, "card") == 0);
  CHECK(status(open_node("card")) == 0);
  CHECK(open("card", O_RDWR | O_NOFOLLOW) == -1 && errno == ELOOP);
  CHECK(unlink("card") == 0 && rmdir(temporary) == 0);
}

static void case_all(int count, char** nodes) {
  int fds[64];
  CHECK(count <= 64);
  for (int i = 0; i < count; ++i) fds[i] = open_node(nodes[i]);
  for (int i = 0; i < count; ++i) {
    create(fds[i], 4096);
    CHECK(status(fds[i]) == 0);
  }
  for (int i = 0; i < count; ++i) {
    char* memory = map(fds[i], offset_of(fds[i], 1), 4096);
    CHECK(memory[0] == 0);
    memory[0] = 1;
  }
}

static void on_signal(int number) {
  (void)number;
}

// Work until killed.
static void case_busy(const char* node) {
  for (;;) {
    const int fd = open_node(node);
    for (int i = 0; i < 3; ++i) {
      char* memory = map(fd, offset_of(fd, create(fd, 65536)), 65536);
      memset(memory, i, 65536);
      CHECK(status(fd) == 0);
    }
    CHECK(close(fd) == 0);
  }
}

// A profiling timer goes off all the time; no call may be cut short or done twice.
static void case_signals(const char* node) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  const struct itimerspec often = {{0, 50000}, {0, 50000}};
  timer_t timer;
  CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
  const int fd = open_node(node);
  CHECK(timer_settime(timer, 0, &often, NULL) == 0);
  uint32_t last = 0;
  for (int i = 0; i < 2000; ++i) {
    struct create_bo request = {4096, 0, 0};
    int result;
    // Not received yet when the signal came: nothing happened, ask again.
    do {
      result = ioctl(fd, CREATE_BO, &request);
    } while (result != 0 && errno == EINTR);
    CHECK(result == 0);
    CHECK(request.handle == last + 1);
    last = request.handle;
  }
}

static double now_us(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return x < y ? -1 : x > y;
}

static void case_time(const char* node) {
  enum { kCount = 20000 };
  static double times[kCount];
  const int fd = open_node(node);
  struct mmap_bo request = {create(fd, 4096), 0, 0};
  for (int i = 0; i < kCount; ++i) {
    const double before = now_us();
    CHECK(ioctl(fd, MMAP_BO, &request) == 0);
    times[i] = now_us() - before;
  }
  qsort(times, kCount, sizeof *times, compare);
  printf("{\"median_us\":%.2f,\"p99_us\":%.2f}\n", times[kCount / 2], times[kCount * 99 / 100]);
}

int main(int argc, char** argv) {
  CHECK(argc >= 3);
  const char* name = argv[1];
  const char* node = argv[2];
  static const struct {
    const char* name;
    void (*run)(const char*);
  } cases[] = {{"buffer", case_buffer},
               {"reuse", case_reuse},
               {"bad-offsets", case_bad_offsets},
               {"bad-pointers", case_bad_pointers},
               {"dup", case_dup},
               {"fork", case_fork},
               {"outlive", case_outlive},
               {"mapping-outlives", case_mapping_outlives},
               {"pass", case_pass},
               {"open-flags", case_open_flags},
               {"read-only", case_read_only},
               {"paths", case_paths},
               {"busy", case_busy},
               {"signals", case_signals},
               {"time", case_time}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(cases[i].name, name) == 0) {
      cases[i].run(node);
      return 0;
    }
  }
  if (strcmp(name, "exec") == 0) case_exec(node, argv[0]);
  if (strcmp(name, "inherited") == 0) {
    CHECK(argc == 5);
    case_inherited(argv + 2);
    return 0;
  }
  if (strcmp(name, "all") == 0) {
    case_all(argc - 2, argv + 2);
    return 0;
  }
  fprintf(stderr, "no case is called %s\n", name);
  return 2;
}
