/* The callers of the benchmark: each sends a request to 127.0.0.1, reads the answer, compares it, and sends the next.

   usage: load -p PORT -u PATH -b BODY_FILE -x ANSWER_FILE [-k KEY] [-c CALLERS] [-n REQUESTS | -t SECONDS]
               [-s BYTES_PER_SECOND] [-q PERCENT]

   An answer is right when its status is 200 and its body is that of ANSWER_FILE, byte for byte. -s: every caller reads no
   faster than that. -q: so many of a hundred requests are given up at a random place of their answer, with a close.
   Prints one JSON object: counts, and microseconds from the request to the first byte of the body and to its end. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_BYTES = 16384, SLOW_READ_BYTES = 16384, PATIENCE_SECONDS = 10 };
enum { LENGTH_LINE, DATA, DATA_END, TRAILER }; /* where in a chunked body */

typedef struct {
  int fd, busy, status, chunked, closing, same, where, line_size, resting, sending;
  long long started, first, rest_until;
  size_t sent, length, got, chunk, head_size;
  size_t give_up_at; /* bytes of the body after which the caller leaves; SIZE_MAX: it stays */
  char head[HEAD_BYTES], line[32];
} Caller;

typedef struct {
  double *values;
  size_t count, room;
} Series;

static int port, callers = 1, give_up_percent, poller;
static long limit, begun, right, wrong, failed, given_up;
static double seconds, slow;
static long long deadline, last_sign;
static char *request, *expected;
static size_t request_size, expected_size;
static unsigned random_state = 2463534242u;
static Series first_byte, whole;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static unsigned chance(unsigned below) {
  random_state ^= random_state << 13, random_state ^= random_state >> 17, random_state ^= random_state << 5;
  return random_state % below;
}

static void add(Series *series, double value) {
  if (series->count == series->room) {
    series->values = realloc(series->values, (series->room = series->room ? series->room * 2 : 4096) * sizeof(double));
    if (!series->values) fail("memory");
  }
  series->values[series->count++] = value;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void show(const char *name, Series *series) {
  static const double shares[] = {0.5, 0.99};
  qsort(series->values, series->count, sizeof(double), ascending);
  for (int i = 0; i < 2; i++)
    printf(",\"%s_p%.0f\":%.1f", name, shares[i] * 100,
           series->count ? series->values[(size_t)((double)(series->count - 1) * shares[i])] : 0.0);
}

static char *file(const char *path, size_t *size) {
  FILE *from = fopen(path, "rb");
  if (!from) fail(path);
  fseek(from, 0, SEEK_END);
  *size = (size_t)ftell(from);
  rewind(from);
  char *bytes = malloc(*size + 1);
  if (!bytes || fread(bytes, 1, *size, from) != *size) fail(path);
  fclose(from);
  return bytes;
}

static void watch(Caller *c, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(poller, operation, c->fd, &event);
}

static void dial(Caller *c) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int yes = 1, small = SLOW_READ_BYTES;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (slow > 0) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (connect(c->fd, (void *)&to, sizeof to)) fail("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void pump(Caller *c) {
  while (c->sent < request_size) {
    ssize_t took = send(c->fd, request + c->sent, request_size - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took < 0) break; /* full: goes on when it is writable; gone: the read says so */
    c->sent += (size_t)took;
  }
  int sending = c->sent < request_size;
  if (sending == c->sending) return;
  c->sending = sending;
  watch(c, EPOLL_CTL_MOD, sending ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void next(Caller *c) {
  long long at = last_sign = now();
  c->busy = !(limit && begun >= limit) && !(deadline && at >= deadline);
  if (!c->busy) return;
  begun++;
  c->status = c->chunked = c->closing = c->where = c->line_size = 0;
  c->same = 1, c->started = at, c->first = 0;
  c->sent = c->length = c->got = c->chunk = c->head_size = 0;
  c->give_up_at = (int)chance(100) < give_up_percent ? chance((unsigned)expected_size) : (size_t)-1;
  pump(c);
}

static void redial(Caller *c) {
  close(c->fd);
  c->sending = 0;
  dial(c);
}

static void done(Caller *c) {
  long long at = now();
  if (c->status != 200 || !c->same || c->got != expected_size) wrong++;
  else {
    right++;
    add(&first_byte, (double)(c->first - c->started) / 1e3);
    add(&whole, (double)(at - c->started) / 1e3);
  }
  if (c->closing) redial(c);
  next(c);
}

static void compare(Caller *c, const char *bytes, size_t size) {
  if (!size) return;
  if (!c->first) c->first = now();
  if (c->got + size > expected_size || memcmp(expected + c->got, bytes, size)) c->same = 0;
  c->got += size;
}

/* Bytes of a chunked body; 1: it is complete. */
static int chunks(Caller *c, const char *at, size_t size) {
  while (size) {
    if (c->where == DATA) {
      size_t part = size < c->chunk ? size : c->chunk;
      compare(c, at, part);
      at += part, size -= part;
      if (!(c->chunk -= part)) c->where = DATA_END;
      continue;
    }
    char byte = *at++;
    size--;
    if (byte != '\n') {
      if (byte != '\r' && c->line_size < (int)sizeof c->line - 1) c->line[c->line_size++] = byte;
      continue;
    }
    c->line[c->line_size] = 0;
    if (c->where == TRAILER && !c->line_size) return 1;
    if (c->where == LENGTH_LINE) c->where = (c->chunk = strtoul(c->line, NULL, 16)) ? DATA : TRAILER;
    else if (c->where == DATA_END) c->where = LENGTH_LINE;
    c->line_size = 0;
  }
  return 0;
}

/* Bytes of an answer; 1: it is complete, -1: not an answer. */
static int feed(Caller *c, const char *at, size_t size) {
  if (!c->status) {
    size_t before = c->head_size, part = size < HEAD_BYTES - 1 - before ? size : HEAD_BYTES - 1 - before;
    memcpy(c->head + before, at, part);
    c->head[c->head_size += part] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end) return c->head_size < HEAD_BYTES - 1 ? 0 : -1;
    size_t used = (size_t)(end - c->head) + 4 - before;
    end[2] = 0;
    if (strncmp(c->head, "HTTP/1.1 ", 9)) return -1;
    c->status = atoi(c->head + 9);
    const char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (length) c->length = strtoul(length + 17, NULL, 10);
    c->chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != NULL;
    c->closing = strcasestr(c->head, "\r\nconnection: close") != NULL;
    if (!length && !c->chunked) return -1; /* no target ends its answers by a close */
    at += used, size -= used;
  }
  if (c->chunked) return chunks(c, at, size);
  compare(c, at, size);
  return c->got >= c->length;
}

static void readable(Caller *c) {
  static char bytes[262144];
  ssize_t got = recv(c->fd, bytes, slow > 0 ? SLOW_READ_BYTES : sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (!c->busy) { /* a close between two requests */
    epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
    return;
  }
  last_sign = now();
  int state = got > 0 ? feed(c, bytes, (size_t)got) : -1;
  if (c->status == 200 && c->got >= c->give_up_at) given_up++, redial(c), next(c);
  else if (state < 0) failed++, redial(c), next(c);
  else if (state) done(c);
  else if (slow > 0) {
    c->rest_until = now() + (long long)((double)got / slow * 1e9);
    c->resting = 1;
    epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
  }
}

static int wake(Caller *all) { /* callers that have rested enough; returns milliseconds to the next look */
  int milliseconds = 1000;
  long long at = now();
  for (Caller *c = all; c < all + callers; c++) {
    if (!c->resting) continue;
    if (c->rest_until > at) {
      int rest = (int)((c->rest_until - at) / 1000000) + 1;
      if (rest < milliseconds) milliseconds = rest;
      continue;
    }
    c->resting = 0;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
  return milliseconds;
}

int main(int count, char **arguments) {
  const char *path = "/", *body_file = NULL, *answer_file = NULL, *key = NULL;
  struct epoll_event events[256];
  for (int option; (option = getopt(count, arguments, "p:u:b:x:k:c:n:t:s:q:")) != -1;) switch (option) {
    case 'p': port = atoi(optarg); break;
    case 'u': path = optarg; break;
    case 'b': body_file = optarg; break;
    case 'x': answer_file = optarg; break;
    case 'k': key = optarg; break;
    case 'c': callers = atoi(optarg); break;
    case 'n': limit = atol(optarg); break;
    case 't': seconds = atof(optarg); break;
    case 's': slow = atof(optarg); break;
    case 'q': give_up_percent = atoi(optarg); break;
    default: return 2;
  }
  if (!port || !body_file || !answer_file || (!limit && seconds <= 0))
    return fprintf(stderr, "usage: see the head of load.c\n"), 2;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  size_t body_size;
  char *body = file(body_file, &body_size);
  expected = file(answer_file, &expected_size);
  request = malloc(body_size + 4096);
  if (!request) fail("memory");
  request_size = (size_t)snprintf(request, 4096,
      "POST %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\naccept: */*\r\nuser-agent: load\r\n"
      "%s%s%scontent-length: %zu\r\n\r\n", path, port, key ? "authorization: Bearer " : "", key ? key : "", key ? "\r\n" : "", body_size);
  memcpy(request + request_size, body, body_size);
  request_size += body_size;

  poller = epoll_create1(0);
  Caller *all = calloc((size_t)callers, sizeof *all);
  if (!all) fail("memory");
  for (int i = 0; i < callers; i++) dial(&all[i]);
  long long start = now();
  if (seconds > 0) deadline = start + (long long)(seconds * 1e9);
  for (int i = 0; i < callers; i++) next(&all[i]);
  for (;;) {
    int busy = 0;
    for (int i = 0; i < callers; i++) busy += all[i].busy;
    if (!busy) break;
    int ready = epoll_wait(poller, events, 256, slow > 0 ? wake(all) : 1000);
    for (int i = 0; i < ready; i++) {
      Caller *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) pump(c);
      if (events[i].events & ~(unsigned)EPOLLOUT) readable(c);
    }
    if (now() > last_sign + PATIENCE_SECONDS * 1000000000LL) {
      failed += busy; /* no answer came to anybody for that long */
      break;
    }
  }
  printf("{\"seconds\":%.6f,\"right\":%ld,\"wrong\":%ld,\"failed\":%ld,\"given_up\":%ld", (double)(now() - start) / 1e9, right,
         wrong, failed, given_up);
  show("first_byte", &first_byte);
  show("whole", &whole);
  printf("}\n");
  return 0;
}
