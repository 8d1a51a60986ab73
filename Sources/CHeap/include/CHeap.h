// What Swift's Glibc module leaves out of malloc.h.
#ifndef HOOKFERRY_CHEAP_H
#define HOOKFERRY_CHEAP_H

#include <stddef.h>

/// Lets malloc keep up to `kept_bytes` of freed memory at the top of each heap instead of giving it
/// back to the system at once, and grow a heap by `step_bytes` at a time. A service whose memory
/// comes and goes with each batch would otherwise return the same pages and fault them in again
/// some hundred times a second. Returns 1; 0 where this C library does not take it.
int cheap_keep(size_t kept_bytes, size_t step_bytes);

#endif
