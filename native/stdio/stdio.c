/* Points the process's stdout and stderr at two pipes, so that the kernel can show what native code and children print. */
#include <fcntl.h>
#include <node_api.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int own_stderr = -1; /* where the process was started from */
static int read_end[3] = {-1, -1, -1};

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

/* capture() -> [stdout to read, stderr to read, the old stderr to write], or undefined when there are no such descriptors. */
static napi_value capture(napi_env env, napi_callback_info info) {
  (void)info;
  if (own_stderr < 0) {
    own_stderr = fcntl(2, F_DUPFD_CLOEXEC, 3);
    if (own_stderr < 0) return NULL;
    for (int target = 1; target <= 2; target++) {
      if ((read_end[target] = redirect(target)) < 0) return NULL;
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = rescue;
    action.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGABRT, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    sigaction(SIGILL, &action, NULL);
  }
  const int found[] = {read_end[1], read_end[2], own_stderr};
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  for (uint32_t i = 0; i < 3; i++) {
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

static int define(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value call;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &call) == napi_ok &&
         napi_set_named_property(env, exports, name, call) == napi_ok;
}

NAPI_MODULE_INIT() {
  return define(env, exports, "capture", capture) && define(env, exports, "waiting", waiting) ? exports : NULL;
}
