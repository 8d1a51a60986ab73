// libcurl, as Debian ships it (7.88). Only the HTTPClient target imports this module.
// curl's option setters are variadic, which Swift cannot call: typed wrappers stand here.
#ifndef HOOKFERRY_CCURL_SHIM_H
#define HOOKFERRY_CCURL_SHIM_H
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
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

// What was set as CURLOPT_PRIVATE, or null.
static inline void *_Nullable ccurl_get_private(CURL *_Nonnull easy) {
  char *owner = 0;
  return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner) == CURLE_OK ? owner : 0;
}

// Called when a connection stands, new or used before, and a request is about to be sent.
static inline CURLcode ccurl_set_prerequest(
    CURL *_Nonnull easy, curl_prereq_callback _Nullable call, void *_Nullable owner) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, owner);
  return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, call) : code;
}

// Called for each address that is about to be connected to; null for curl's own way.
static inline CURLcode ccurl_set_open_socket(
    CURL *_Nonnull easy, curl_opensocket_callback _Nullable call, void *_Nullable owner) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, owner);
  return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, call) : code;
}

// Called in place of close for each socket of a connection that this handle opened.
static inline CURLcode ccurl_set_close_socket(
    CURL *_Nonnull easy, curl_closesocket_callback _Nonnull call, void *_Nonnull owner) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, owner);
  return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, call) : code;
}

// Writes the address, 4 or 16 bytes in network order, and returns how many; 0 for other families.
static inline int ccurl_address_bytes(
    const struct curl_sockaddr *_Nonnull place, unsigned char *_Nonnull bytes) {
  if (place->family == AF_INET) {
    memcpy(bytes, &((const struct sockaddr_in *)&place->addr)->sin_addr, 4);
    return 4;
  }
  if (place->family == AF_INET6) {
    memcpy(bytes, &((const struct sockaddr_in6 *)&place->addr)->sin6_addr, 16);
    return 16;
  }
  return 0;
}

// The socket curl would open itself.
static inline curl_socket_t ccurl_open_socket(const struct curl_sockaddr *_Nonnull place) {
  return socket(place->family, place->socktype | SOCK_CLOEXEC, place->protocol);
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
