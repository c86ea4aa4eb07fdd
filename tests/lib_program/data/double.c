/* The smallest device program that links: enough for a file to be packed from. */
void entry(void* context, unsigned char thread, unsigned id) {
  (void)context;
  (void)thread;
  (void)id;
  for (;;) __asm__ volatile("pause(#255)");
}
