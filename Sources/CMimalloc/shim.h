// mimalloc, as Debian ships it (2.0.9). To be linked is what counts: its malloc and free take the
// place of the C library's in the whole program. Only the Telemetry target imports this module.
#ifndef HOOKFERRY_CMIMALLOC_SHIM_H
#define HOOKFERRY_CMIMALLOC_SHIM_H
#include <mimalloc.h>
#endif
