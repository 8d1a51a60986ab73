#include "CHeap.h"

#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { MAPPED_BYTES_MIN = 8 << 20 };

int cheap_keep(size_t kept_bytes, size_t step_bytes) {
#ifdef __GLIBC__
  if (kept_bytes > INT_MAX || step_bytes > INT_MAX) return 0;
  // To set one of these ends glibc's own adjustment of the size from which on memory is mapped by
  // itself, which would stay at 128 KiB: each batch would be mapped, faulted in and unmapped.
  return mallopt(M_TRIM_THRESHOLD, (int)kept_bytes) && mallopt(M_TOP_PAD, (int)step_bytes) &&
         mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
#else
  (void)kept_bytes;
  (void)step_bytes;
  return 0;
#endif
}
