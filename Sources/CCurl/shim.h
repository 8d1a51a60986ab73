// libcurl, as Debian ships it (7.88). Only the HTTPClient target imports this module.
// curl's option setters are variadic, which Swift cannot call: typed wrappers stand here.
#ifndef HOOKFERRY_CCURL_SHIM_H
#define HOOKFERRY_CCURL_SHIM_H
#include <curl/curl.h>
// The Glibc module leaves these two out.
#include <sys/epoll.h>
#include <sys/eventfd.h>

// Each wrapper fixes the type of the last argument; the caller picks an option of that type.

static inline CURLcode ccurl_set_long(CURL *_Nonnull easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_offset(
    CURL *_Nonnull easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

// curl copies the text, except for CURLOPT_POSTFIELDS.
static inline CURLcode ccurl_set_string(
    CURL *_Nonnull easy, CURLoption option, const char *_Nullable value) {
  return curl_easy_setopt(easy, option, value);
}

// For bytes that are not text: CURLOPT_COPYPOSTFIELDS after CURLOPT_POSTFIELDSIZE_LARGE.
static inline CURLcode ccurl_set_bytes(
    CURL *_Nonnull easy, CURLoption option, const void *_Nullable value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_pointer(
    CURL *_Nonnull easy, CURLoption option, void *_Nullable value) {
  return curl_easy_setopt(easy, option, value);
}

// The list stays the caller's: it must outlive the transfer.
static inline CURLcode ccurl_set_list(
    CURL *_Nonnull easy, CURLoption option, struct curl_slist *_Nullable value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_writer(
    CURL *_Nonnull easy, CURLoption option, curl_write_callback _Nullable value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_get_long(
    CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode ccurl_get_offset(
    CURL *_Nonnull easy, CURLINFO info, curl_off_t *_Nonnull value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode ccurl_multi_set_long(
    CURLM *_Nonnull multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

// Who to call about sockets and about the timer, with one owner pointer for both.
static inline CURLMcode ccurl_multi_set_callbacks(
    CURLM *_Nonnull multi, curl_socket_callback _Nonnull socket,
    curl_multi_timer_callback _Nonnull timer, void *_Nonnull owner) {
  CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket);
  if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, owner);
  if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
  if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, owner);
  return code;
}
#endif
