/* A network that the simulated cores must refuse, or must not: the same words as
 * instructions and as read-only data in the same executable segment. */
#include <stdint.h>

/* What the card's reader wants of a network; nothing here reads its content. */
__attribute__((section("metadata"), used)) static const uint32_t description = 1;

#ifdef FLOAT_DATA
/* v21.qf32 = vadd(v31.sf,v20.sf); v1.sf = vmax(v13.sf,v14.sf); pause(#255) */
const volatile uint32_t words[] = {0x1fb4ff35, 0x1fceed21, 0x5440df1c};
#endif

void entry(void) {
#ifdef FLOAT_QFLOAT
  __asm__ volatile("{ v21.qf32 = vadd(v31.sf,v20.sf) }" ::: "v21");
#endif
#ifdef FLOAT_IEEE
  __asm__ volatile("{ v1.sf = vmax(v13.sf,v14.sf) }" ::: "v1");
#endif
#ifdef FLOAT_DATA
  (void)words[0];
#endif
}
