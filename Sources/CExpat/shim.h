// Expat, as Debian ships it (2.5). Only the XMLText target imports this module.
#ifndef HOOKFERRY_CEXPAT_SHIM_H
#define HOOKFERRY_CEXPAT_SHIM_H
#include <expat.h>
#endif
