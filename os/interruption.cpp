#include "os/interruption.hpp"

#include <signal.h>

namespace qaic::os {

namespace {

volatile sig_atomic_t noted = 0;

void note(int number) {
  noted = number;
}

}  // namespace

void note_interruption() {
  struct sigaction action {};
  action.sa_handler = note;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int interrupted_by() {
  return noted;
}

}  // namespace qaic::os
