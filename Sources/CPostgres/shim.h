// libpq, as Debian ships it (15). Only the Stores target imports this module.
#ifndef HOOKFERRY_CPOSTGRES_SHIM_H
#define HOOKFERRY_CPOSTGRES_SHIM_H
#include <libpq-fe.h>

// These are character constants in C, which Swift does not import.
static inline int cpostgres_diagnostic_state(void) { return PG_DIAG_SQLSTATE; }
static inline int cpostgres_diagnostic_message(void) { return PG_DIAG_MESSAGE_PRIMARY; }
static inline int cpostgres_diagnostic_constraint(void) { return PG_DIAG_CONSTRAINT_NAME; }
#endif
