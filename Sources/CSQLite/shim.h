// SQLite, as Debian ships it (3.40). Only the Stores target imports this module.
#ifndef HOOKFERRY_CSQLITE_SHIM_H
#define HOOKFERRY_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
