/* A disk that fails, for one process: loaded before the C library (LD_PRELOAD), which it otherwise calls.
 *
 * After fail_after(n, lasts, reads, folder), the n-th call from then on that writes to, or syncs, a file below `folder`
 * fails with EIO; with `lasts`, so does every later one, as on a disk that died. With `reads` it is the calls that open,
 * list, read or ask about what lies there. A process that is started with FAILS="n lasts reads folder" begins with that.
 * failed() tells how many did, and in FAILS_SAID each process leaves a byte for every one.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long left;
static atomic_long refused;
static atomic_int armed;
static int lasting;
static int reading;
static char below[PATH_MAX];

void fail_after(long calls, int lasts, int reads, const char *folder) {
    snprintf(below, sizeof below, "%s/", folder);
    lasting = lasts;
    reading = reads;
    refused = 0;
    left = calls;
    armed = 1;
}

long failed(void) { return refused; }

__attribute__((constructor)) static void begin(void) {
    const char *said = getenv("FAILS");
    long calls;
    int lasts, reads, at;
    if (said && sscanf(said, "%ld %d %d %n", &calls, &lasts, &reads, &at) == 3)
        fail_after(calls, lasts, reads, said + at);
}

static void tell(void) {
    const char *place = getenv("FAILS_SAID");
    long file = place ? syscall(SYS_openat, AT_FDCWD, place, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (file >= 0) {
        syscall(SYS_write, file, "x", 1L);
        syscall(SYS_close, file);
    }
}

static int fails_now(void) {
    long now = atomic_fetch_sub(&left, 1);
    if (now > 1 || (now < 1 && !lasting)) return 0;
    refused++;
    tell();
    errno = EIO;
    return 1;
}

static int lies_below(const char *path) {
    size_t length = strlen(below);
    return strncmp(path, below, length) == 0 || (strncmp(path, below, length - 1) == 0 && !path[length - 1]);
}

static int fails(int file, int reads) {
    char link[64], path[PATH_MAX];
    ssize_t length;
    int before = errno;
    if (!armed || reads != reading) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    return lies_below(path) && fails_now();
}

static int fails_path(const char *path, int reads) {
    return armed && reads == reading && lies_below(path) && fails_now();
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return fails(file, 0) ? -1 : real(file, data, size);
}
ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return fails(file, 0) ? -1 : real(file, data, size, at);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails(file, 0) ? -1 : real(file, data, size, at);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return fails(file, 0) ? -1 : real(file, parts, count);
}
int fsync(int file) {
    REAL(int, "fsync", int);
    return fails(file, 0) ? -1 : real(file);
}
int fdatasync(int file) {
    REAL(int, "fdatasync", int);
    return fails(file, 0) ? -1 : real(file);
}
int ftruncate64(int file, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    return fails(file, 0) ? -1 : real(file, size);
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return fails_path(to, 0) ? -1 : real(from, to);
}

ssize_t read(int file, void *data, size_t size) {
    REAL(ssize_t, "read", int, void *, size_t);
    return fails(file, 1) ? -1 : real(file, data, size);
}
ssize_t pread64(int file, void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
    return fails(file, 1) ? -1 : real(file, data, size, at);
}
int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    return fails_path(path, 1) ? -1 : real(path, flags, mode);
}
DIR *opendir(const char *path) {
    REAL(DIR *, "opendir", const char *);
    return fails_path(path, 1) ? NULL : real(path);
}
struct dirent64 *readdir64(DIR *folder) {
    REAL(struct dirent64 *, "readdir64", DIR *);
    return fails(dirfd(folder), 1) ? NULL : real(folder);
}
int stat64(const char *path, struct stat64 *about) {
    REAL(int, "stat64", const char *, struct stat64 *);
    return fails_path(path, 1) ? -1 : real(path, about);
}
int lstat64(const char *path, struct stat64 *about) {
    REAL(int, "lstat64", const char *, struct stat64 *);
    return fails_path(path, 1) ? -1 : real(path, about);
}
int fstat64(int file, struct stat64 *about) {
    REAL(int, "fstat64", int, struct stat64 *);
    return fails(file, 1) ? -1 : real(file, about);
}
int fstatat64(int folder, const char *path, struct stat64 *about, int flags) {
    REAL(int, "fstatat64", int, const char *, struct stat64 *, int);
    return fails_path(path, 1) ? -1 : real(folder, path, about, flags);
}
