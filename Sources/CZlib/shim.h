// zlib, as Debian ships it (1.2.13). Only the Inflation target imports this module.
#ifndef HOOKFERRY_CZLIB_SHIM_H
#define HOOKFERRY_CZLIB_SHIM_H
#include <zlib.h>
#endif
