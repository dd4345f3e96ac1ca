/* The upstream of the benchmark: HTTP/1.1 with keep-alive on a free port of 127.0.0.1, one thread, epoll.

   usage: upstream FOLDER        prints its port

   FOLDER holds what it knows: a request body in NAME.request, its answer in NAME.json (sent whole, with a length) or NAME.sse
   (chunked, one event a chunk). A body that is not one of them, byte for byte, gets status 400 and is counted.

   GET /delay/N    from now on N microseconds between two events        GET /counts    what has happened so far, as JSON

   It ends with the process that started it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CASES = 32, MAX_CONNECTIONS = 20000, READ_BYTES = 65536 };

typedef struct {
  char *bytes;
  size_t size;
} Text;

typedef struct {
  Text request, answer; /* of a stream: the head */
  Text *events;         /* each a chunk, framing included; the last one has the end of the body, too */
  int event_count;      /* 0: not a stream */
} Case;

typedef struct {
  int fd, next_event, waiting; /* waiting: for the time `due` */
  const Case *streaming;
  long long due;
  Text in, out;
  size_t in_room, out_room, sent;
} Connection;

static Case cases[MAX_CASES];
static int case_count, poller;
static Connection *connections[MAX_CONNECTIONS];
static Connection *timed[MAX_CONNECTIONS];
static int timed_count;
static long long delay_ns;
static unsigned long long requests, refused, accepted;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void *grown(void *memory, size_t size) {
  void *bigger = realloc(memory, size);
  if (!bigger) fail("memory");
  return bigger;
}

static Text file(const char *folder, const char *name, const char *suffix) {
  char path[4096];
  Text text = {0};
  snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
  FILE *from = fopen(path, "rb");
  if (!from) return text;
  fseek(from, 0, SEEK_END);
  text.size = (size_t)ftell(from);
  rewind(from);
  text.bytes = grown(NULL, text.size + 1);
  if (fread(text.bytes, 1, text.size, from) != text.size) fail(path);
  fclose(from);
  return text;
}

static Text joined(const char *before, const char *middle, size_t size, const char *after) {
  Text text = {grown(NULL, strlen(before) + size + strlen(after) + 1), strlen(before) + size + strlen(after)};
  memcpy(text.bytes, before, strlen(before));
  memcpy(text.bytes + strlen(before), middle, size);
  memcpy(text.bytes + strlen(before) + size, after, strlen(after));
  return text;
}

static void learn_stream(Case *it, Text sse) {
  static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
                             "x-request-id: req_benchmark\r\ntransfer-encoding: chunked\r\n\r\n";
  it->answer = joined(head, "", 0, "");
  for (char *at = sse.bytes, *end = at + sse.size; at < end;) {
    char *stop = memmem(at, (size_t)(end - at), "\n\n", 2), size[32];
    stop = stop ? stop + 2 : end;
    snprintf(size, sizeof size, "%zx\r\n", (size_t)(stop - at));
    it->events = grown(it->events, (size_t)(it->event_count + 1) * sizeof *it->events);
    it->events[it->event_count++] = joined(size, at, (size_t)(stop - at), stop == end ? "\r\n0\r\n\r\n" : "\r\n");
    at = stop;
  }
}

static void learn(const char *folder) {
  DIR *listing = opendir(folder);
  if (!listing) fail(folder);
  for (struct dirent *entry; (entry = readdir(listing));) {
    char *dot = strrchr(entry->d_name, '.'), head[256];
    if (!dot || strcmp(dot, ".request")) continue;
    if (case_count == MAX_CASES) break;
    Case *it = &cases[case_count++];
    it->request = file(folder, entry->d_name, "");
    *dot = 0;
    Text json = file(folder, entry->d_name, ".json"), sse = file(folder, entry->d_name, ".sse");
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n"
                                "x-request-id: req_benchmark\r\nx-ratelimit-remaining-requests: 9999\r\n\r\n", json.size);
    if (sse.bytes) learn_stream(it, sse);
    else if (json.bytes) it->answer = joined(head, json.bytes, json.size, "");
    else fail(entry->d_name);
  }
  closedir(listing);
}

static void watch(Connection *c, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = c->fd};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void not_timed(Connection *c) {
  for (int i = 0; i < timed_count; i++)
    if (timed[i] == c) timed[i--] = timed[--timed_count];
  c->waiting = 0;
}

static void forget(Connection *c) {
  not_timed(c);
  connections[c->fd] = NULL;
  close(c->fd);
  free(c->in.bytes);
  free(c->out.bytes);
  free(c);
}

/* Send, or keep what the socket does not take; 0: the connection is gone. */
static int put(Connection *c, const char *bytes, size_t size) {
  if (c->out.size == c->sent) {
    ssize_t took = send(c->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took < 0 && errno != EAGAIN) return 0;
    if (took > 0) bytes += took, size -= (size_t)took;
    if (!size) return 1;
    c->out.size = c->sent = 0;
  }
  if (c->out.size + size > c->out_room) c->out.bytes = grown(c->out.bytes, c->out_room = (c->out.size + size) * 2);
  memcpy(c->out.bytes + c->out.size, bytes, size);
  c->out.size += size;
  watch(c, EPOLLIN | EPOLLOUT);
  return 1;
}

/* The next events of a stream, until one has to wait for its time or for a slow reader; 0: the connection is gone. */
static int stream(Connection *c) {
  while (c->streaming) {
    const Text *event = &c->streaming->events[c->next_event];
    if (c->out.size != c->sent) return 1;
    if (c->next_event && delay_ns && c->due > now()) {
      if (!c->waiting) timed[timed_count++] = c, c->waiting = 1;
      return 1;
    }
    if (c->waiting) not_timed(c);
    if (!put(c, event->bytes, event->size)) return 0;
    c->due = (c->next_event ? c->due : now()) + delay_ns;
    if (++c->next_event == c->streaming->event_count) c->streaming = NULL;
  }
  return 1;
}

static int reply(Connection *c, const char *status, const char *format, ...) {
  char body[512], whole[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(body, sizeof body, format, values);
  va_end(values);
  int size = snprintf(whole, sizeof whole, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
                      status, strlen(body), body);
  return put(c, whole, (size_t)size);
}

static int answer(Connection *c, const char *head, const char *body, size_t size) {
  if (!strncmp(head, "GET /delay/", 11)) {
    delay_ns = atoll(head + 11) * 1000;
    return reply(c, "200 OK", "{}");
  }
  if (!strncmp(head, "GET /counts ", 12)) {
    int streaming = 0;
    for (int fd = 0; fd < MAX_CONNECTIONS; fd++) streaming += connections[fd] && connections[fd]->streaming;
    return reply(c, "200 OK", "{\"requests\":%llu,\"refused\":%llu,\"connections\":%llu,\"streaming\":%d}",
                 requests, refused, accepted, streaming);
  }
  requests++;
  for (const Case *it = cases; it < cases + case_count; it++) {
    if (it->request.size != size || memcmp(it->request.bytes, body, size)) continue;
    if (it->event_count) c->streaming = it, c->next_event = 0;
    return put(c, it->answer.bytes, it->answer.size) && stream(c);
  }
  refused++;
  return reply(c, "400 Bad Request", "{\"error\":{\"message\":\"The benchmark's upstream does not know this body.\"}}");
}

/* Answer the whole requests that are there; 0: the connection is gone. */
static int serve(Connection *c) {
  size_t used = 0;
  while (!c->streaming && used < c->in.size) {
    char *head = c->in.bytes + used, *end = memmem(head, c->in.size - used, "\r\n\r\n", 4);
    if (!end) break;
    *end = 0;
    const char *length = strcasestr(head, "\r\ncontent-length:");
    size_t size = length ? strtoul(length + 17, NULL, 10) : 0, whole = (size_t)(end - head) + 4 + size;
    if (c->in.size - used < whole) {
      *end = '\r';
      break;
    }
    if (!answer(c, head, end + 4, size)) return 0;
    used += whole;
  }
  memmove(c->in.bytes, c->in.bytes + used, c->in.size -= used);
  return 1;
}

static int readable(Connection *c) {
  if (c->in.size + READ_BYTES > c->in_room) c->in.bytes = grown(c->in.bytes, c->in_room = (c->in.size + READ_BYTES) * 2);
  ssize_t got = recv(c->fd, c->in.bytes + c->in.size, READ_BYTES, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN;
  if (!got) return 0;
  c->in.size += (size_t)got;
  return serve(c);
}

static int writable(Connection *c) {
  ssize_t took = send(c->fd, c->out.bytes + c->sent, c->out.size - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (took < 0) return errno == EAGAIN;
  c->sent += (size_t)took;
  if (c->sent < c->out.size) return 1;
  c->sent = c->out.size = 0;
  watch(c, EPOLLIN);
  return stream(c) && serve(c);
}

static void welcome(int listener) {
  int yes = 1;
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    if (fd >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Connection *c = connections[fd] = calloc(1, sizeof *c);
    if (!c) fail("memory");
    c->fd = fd;
    accepted++;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}

static int milliseconds_to_wait(void) {
  if (!timed_count) return -1;
  long long first = timed[0]->due, at = now();
  for (int i = 1; i < timed_count; i++)
    if (timed[i]->due < first) first = timed[i]->due;
  return first <= at ? 0 : (int)((first - at + 999999) / 1000000);
}

int main(int count, char **arguments) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  struct epoll_event events[256];
  if (count != 2) return fprintf(stderr, "usage: upstream FOLDER\n"), 2;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  learn(arguments[1]);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listener, (void *)&address, size) || listen(listener, 4096)) fail("listen");
  getsockname(listener, (void *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int ready = epoll_wait(poller, events, 256, milliseconds_to_wait());
    for (int i = 0; i < ready; i++) {
      Connection *c = connections[events[i].data.fd];
      if (events[i].data.fd == listener) welcome(listener);
      else if (c && (events[i].events & EPOLLOUT) && c->sent < c->out.size && !writable(c)) forget(c);
      else if (c && (events[i].events & ~(unsigned)EPOLLOUT) && !readable(c)) forget(c);
    }
    long long at = now();
    for (int i = timed_count - 1; i >= 0; i--) {
      if (i >= timed_count || timed[i]->due > at) continue;
      Connection *c = timed[i];
      if (!stream(c) || (!c->streaming && !serve(c))) forget(c);
    }
  }
}
