/*
 * Points the process's stdout and stderr at two pipes, so that the kernel can show what native code and children print, and
 * writes the numbers of signals into a third, so that the kernel's other thread hears of them while this one is busy; that
 * thread can end the process too.
 */
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int own_stderr = -1; /* where the process was started from */
static int read_end[3] = {-1, -1, -1};
static int signal_pipe[2] = {-1, -1};
static struct sigaction earlier[NSIG]; /* the handlers that were there before `relay` */

/* What V8 says before it ends the process is still in the pipe: pass it on. Only calls a signal handler may make. */
static void rescue(int signal) {
  (void)signal;
  char buffer[4096];
  for (ssize_t got; (got = read(read_end[2], buffer, sizeof buffer)) > 0;) {
    if (write(own_stderr, buffer, (size_t)got) < 0) return;
  }
}

/* The write end blocks, as native code expects; the read end does not, so that it can be emptied without waiting. */
static int redirect(int target) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
#ifdef F_SETPIPE_SZ
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
#endif
  int done = dup2(ends[1], target);
  close(ends[1]);
  if (done < 0) close(ends[0]);
  return done < 0 ? -1 : ends[0];
}

/* Tells of a signal, and hands it on to whoever handled it before. Only calls a signal handler may make. */
static void tell(int number, siginfo_t* info, void* context) {
  int kept = errno;
  unsigned char byte = (unsigned char)number;
  ssize_t written = write(signal_pipe[1], &byte, 1); /* where the pipe is full, enough waits in it already */
  (void)written;
  const struct sigaction* before = &earlier[number];
  if ((before->sa_flags & SA_SIGINFO) != 0) {
    before->sa_sigaction(number, info, context);
  } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
    before->sa_handler(number);
  }
  errno = kept;
}

/* relay(number, ...): from now on these signals are told of, beside what is done about them already. */
static napi_value relay(napi_env env, napi_callback_info info) {
  napi_value numbers[8];
  size_t count = 8;
  if (napi_get_cb_info(env, info, &count, numbers, NULL, NULL) != napi_ok || signal_pipe[1] < 0) return NULL;
  for (size_t i = 0; i < count && i < 8; i++) {
    int32_t number;
    if (napi_get_value_int32(env, numbers[i], &number) != napi_ok || number <= 0 || number >= NSIG) continue;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = tell;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    sigaction(number, NULL, &earlier[number]); /* before the new one, which may be called at once */
    sigaction(number, &action, NULL);
  }
  return NULL;
}

/* capture() -> [stdout to read, stderr to read, the old stderr to write, signals to read], or undefined when there are no such descriptors. */
static napi_value capture(napi_env env, napi_callback_info info) {
  (void)info;
  if (own_stderr < 0) {
    own_stderr = fcntl(2, F_DUPFD_CLOEXEC, 3);
    if (own_stderr < 0) return NULL;
    for (int target = 1; target <= 2; target++) {
      if ((read_end[target] = redirect(target)) < 0) return NULL;
    }
    if (pipe(signal_pipe) != 0) return NULL;
    for (int end = 0; end < 2; end++) {
      fcntl(signal_pipe[end], F_SETFD, FD_CLOEXEC);
      fcntl(signal_pipe[end], F_SETFL, O_NONBLOCK);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = rescue;
    action.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGABRT, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    sigaction(SIGILL, &action, NULL);
  }
  const int found[] = {read_end[1], read_end[2], own_stderr, signal_pipe[0]};
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  for (uint32_t i = 0; i < 4; i++) {
    napi_value number;
    if (napi_create_int32(env, found[i], &number) != napi_ok || napi_set_element(env, list, i, number) != napi_ok) return NULL;
  }
  return list;
}

/* waiting() -> 1 when stdout has something to read, 2 when stderr has, 3 when both have. */
static napi_value waiting(napi_env env, napi_callback_info info) {
  (void)info;
  int32_t found = 0;
  for (int target = 1; target <= 2; target++) {
    int bytes = 0;
    if (read_end[target] >= 0 && ioctl(read_end[target], FIONREAD, &bytes) == 0 && bytes > 0) found |= target;
  }
  napi_value number;
  return napi_create_int32(env, found, &number) == napi_ok ? number : NULL;
}

/* quit(code): ends the process from any thread at once, with this exit code and without what would be done at its exit. */
static napi_value quit(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  int32_t code;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count != 1) return NULL;
  if (napi_get_value_int32(env, argument, &code) == napi_ok) _exit(code);
  return NULL;
}

static int define(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value call;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &call) == napi_ok &&
         napi_set_named_property(env, exports, name, call) == napi_ok;
}

NAPI_MODULE_INIT() {
  return define(env, exports, "capture", capture) && define(env, exports, "waiting", waiting) &&
                 define(env, exports, "relay", relay) && define(env, exports, "quit", quit)
             ? exports
             : NULL;
}
