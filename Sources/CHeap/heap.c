#include "CHeap.h"

#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

int cheap_keep(size_t kept_bytes, size_t step_bytes) {
#ifdef __GLIBC__
  if (kept_bytes > INT_MAX || step_bytes > INT_MAX) return 0;
  return mallopt(M_TRIM_THRESHOLD, (int)kept_bytes) && mallopt(M_TOP_PAD, (int)step_bytes);
#else
  (void)kept_bytes;
  (void)step_bytes;
  return 0;
#endif
}
