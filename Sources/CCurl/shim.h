// libcurl, as Debian ships it (7.88). Only the HTTPClient target imports this module.
// curl's option setters are variadic, which Swift cannot call: typed wrappers stand here.
#ifndef HOOKFERRY_CCURL_SHIM_H
#define HOOKFERRY_CCURL_SHIM_H
#include <curl/curl.h>
#endif
