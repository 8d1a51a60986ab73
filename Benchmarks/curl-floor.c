// What libcurl itself costs for one GET: the multi interface over epoll with as many handles as
// requests under way, each set up once and used again, over connections that are kept.
//
// usage: curl-floor URL IN_FLIGHT COUNT
// prints microseconds of CPU a request, and requests a second
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { BODY_MAX = 64 << 10, EVENTS_MAX = 64 };

struct body {
  size_t length;
  char bytes[BODY_MAX];
};

static int queue = -1;
static long timer_ms = -1;
static double timer_set;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static double cpu_us(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

static void fail(const char *what) {
  fprintf(stderr, "curl-floor: %s\n", what);
  exit(1);
}

static size_t received(char *bytes, size_t size, size_t count, void *owner) {
  struct body *body = owner;
  if (size * count > BODY_MAX - body->length) return 0;
  memcpy(body->bytes + body->length, bytes, size * count);
  body->length += size * count;
  return size * count;
}

static int socket_changed(CURL *easy, curl_socket_t socket, int what, void *owner, void *known) {
  (void)easy, (void)owner, (void)known;
  struct epoll_event event = {.data.fd = socket};
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(queue, EPOLL_CTL_DEL, socket, &event);
    return 0;
  }
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  if (epoll_ctl(queue, EPOLL_CTL_MOD, socket, &event) != 0)
    epoll_ctl(queue, EPOLL_CTL_ADD, socket, &event);
  return 0;
}

static int timer_changed(CURLM *multi, long ms, void *owner) {
  (void)multi, (void)owner;
  timer_ms = ms;
  timer_set = now();
  return 0;
}

static CURL *new_handle(const char *url) {
  CURL *easy = curl_easy_init();
  struct body *body = calloc(1, sizeof *body);
  if (!easy || !body) fail("out of memory");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, received);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, body);
  return easy;
}

// Takes finished requests out and starts others in their place.
static void turn(CURLM *multi, long *started, long *done, long count) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi, &left))) {
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    struct body *body;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&body);
    if (code != CURLE_OK) fail(curl_easy_strerror(code));
    if (status != 200 || body->length == 0) fail("not a 200 with a body");
    body->length = 0;
    *done += 1;
    curl_multi_remove_handle(multi, easy);
    if (*started < count) {
      *started += 1;
      curl_multi_add_handle(multi, easy);
    }
  }
}

static void run(CURLM *multi, CURL **handles, long in_flight, long count) {
  struct epoll_event events[EVENTS_MAX];
  long started = 0, done = 0;
  int running;
  for (; started < in_flight && started < count; started++)
    curl_multi_add_handle(multi, handles[started]);
  while (done < count) {
    double left = timer_ms < 0 ? 1000 : timer_set + timer_ms - now();
    int ready = epoll_wait(queue, events, EVENTS_MAX, left > 0 ? (int)left + 1 : 0);
    for (int i = 0; i < ready; i++) {
      int mask = 0;
      if (events[i].events & EPOLLIN) mask |= CURL_CSELECT_IN;
      if (events[i].events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
      if (events[i].events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
      curl_multi_socket_action(multi, events[i].data.fd, mask, &running);
    }
    if (timer_ms >= 0 && timer_set + timer_ms <= now()) {
      timer_ms = -1;
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    turn(multi, &started, &done, count);
  }
}

int main(int argc, char **argv) {
  long in_flight = argc == 4 ? atol(argv[2]) : 0, count = argc == 4 ? atol(argv[3]) : 0;
  if (in_flight <= 0 || count <= 0) fail("usage: curl-floor URL IN_FLIGHT COUNT");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  CURL **handles = calloc((size_t)in_flight, sizeof *handles);
  queue = epoll_create1(EPOLL_CLOEXEC);
  if (!multi || !handles || queue < 0) fail("out of memory");
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_changed);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, in_flight);
  for (long i = 0; i < in_flight; i++) handles[i] = new_handle(argv[1]);
  // Connections are opened outside the measurement.
  run(multi, handles, in_flight, 2 * in_flight);
  double cpu = cpu_us(), start = now();
  run(multi, handles, in_flight, count);
  double us = (cpu_us() - cpu) / count, seconds = (now() - start) / 1e3;
  printf("%.2f %.0f\n", us, count / seconds);
  return 0;
}
