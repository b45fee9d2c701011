/* A disk that fails, for one process: loaded before the C library (LD_PRELOAD), which it otherwise calls.
 *
 * After fail_after(n, lasts, folder), the n-th call from then on that writes to, or syncs, a file below `folder` fails
 * with EIO; with `lasts`, so does every later one, as on a disk that died. failed() tells how many did.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long left;
static atomic_long refused;
static atomic_int armed;
static int lasting;
static char below[PATH_MAX];

void fail_after(long calls, int lasts, const char *folder) {
    snprintf(below, sizeof below, "%s/", folder);
    lasting = lasts;
    refused = 0;
    left = calls;
    armed = 1;
}

long failed(void) { return refused; }

static int fails_now(void) {
    long now = atomic_fetch_sub(&left, 1);
    if (now > 1 || (now < 1 && !lasting)) return 0;
    refused++;
    errno = EIO;
    return 1;
}

static int fails(int file) {
    char link[64], path[PATH_MAX];
    ssize_t length;
    int before = errno;
    if (!armed) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, below, strlen(below)) == 0 && fails_now();
}

static int fails_path(const char *path) {
    return armed && strncmp(path, below, strlen(below)) == 0 && fails_now();
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return fails(file) ? -1 : real(file, data, size);
}
ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return fails(file) ? -1 : real(file, data, size, at);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails(file) ? -1 : real(file, data, size, at);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return fails(file) ? -1 : real(file, parts, count);
}
int fsync(int file) {
    REAL(int, "fsync", int);
    return fails(file) ? -1 : real(file);
}
int fdatasync(int file) {
    REAL(int, "fdatasync", int);
    return fails(file) ? -1 : real(file);
}
int ftruncate64(int file, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    return fails(file) ? -1 : real(file, size);
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return fails_path(to) ? -1 : real(from, to);
}
