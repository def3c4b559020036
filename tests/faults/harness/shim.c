/* Between a program and its disk (LD_PRELOAD): counts the calls that change files below one
 * folder, ends the program at the n-th, lets the n-th fail, or writes down what each did.
 *
 * Nothing happens before `shim_arm`. Calls go to the kernel directly, so nothing here depends on
 * how the C library names its own. Linux only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { WRITES = 1, SYNCS = 2, NAMES = 4, READS = 8 };
enum fault { NONE, KILL, KILL_HALFWAY, FAIL, FAIL_FROM, SHORT, FULL_FROM };
enum action { PASS, HALF, REFUSE_IO, REFUSE_SPACE, DIE_HALFWAY };
enum record { WRITE = 1, TRUNCATE, SYNC, SYNC_FAILED, CREATE, RENAME, LINK, UNLINK, MKDIR, MARK };

static char prefix[PATH_MAX];
static size_t prefix_length;
static int fault;
static unsigned counted;
static long at;
static long count;
static int log_to = -1;
static volatile int armed;

void shim_arm(const char *folder, int kind, unsigned classes, long n, const char *log) {
    snprintf(prefix, sizeof prefix, "%s", folder);
    prefix_length = strlen(prefix);
    fault = kind;
    counted = classes;
    at = n;
    count = 0;
    if (log != NULL && *log)
        log_to = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
    armed = 1;
}

void shim_disarm(void) { armed = 0; }

long shim_count(void) { return count; }

/* --- which files, and what happens to a call --- */

static int below(const char *path) {
    return strncmp(path, prefix, prefix_length) == 0 &&
           (path[prefix_length] == '/' || path[prefix_length] == 0);
}

static int named(int at_folder, const char *path, char *full) {
    if (!armed || path == NULL)
        return 0;
    if (*path == '/' || at_folder != AT_FDCWD)
        snprintf(full, PATH_MAX, "%s", path);
    else {
        char folder[PATH_MAX];
        if (syscall(SYS_getcwd, folder, sizeof folder) < 0)
            return 0;
        if (snprintf(full, PATH_MAX, "%s/%s", folder, path) >= PATH_MAX)
            return 0;
    }
    return below(full);
}

static int opened(int fd, char *full) {
    if (!armed || fd < 0)
        return 0;
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, full, PATH_MAX - 1);
    if (length <= 0)
        return 0;
    full[length] = 0;
    return below(full);
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;)
        syscall(SYS_sched_yield);
}

static enum action turn(enum class class) {
    if (fault == FULL_FROM && count >= at && class == NAMES)
        return REFUSE_SPACE;
    if (!(class & counted))
        return PASS;
    long n = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    switch (fault) {
    case KILL:
        if (n == at)
            die();
        return PASS;
    case KILL_HALFWAY:
        return n == at ? DIE_HALFWAY : PASS;
    case FAIL:
        return n == at ? REFUSE_IO : PASS;
    case FAIL_FROM:
        return n >= at ? REFUSE_IO : PASS;
    case SHORT:
        return n == at ? HALF : PASS;
    case FULL_FROM:
        return n < at ? PASS : n == at ? HALF : REFUSE_SPACE;
    default:
        return PASS;
    }
}

static int refused(enum action action) {
    if (action == DIE_HALFWAY)
        die(); /* what is no write has no half */
    if (action != REFUSE_IO && action != REFUSE_SPACE)
        return 0;
    errno = action == REFUSE_IO ? EIO : ENOSPC;
    return 1;
}

/* --- what was done --- */

static void write_down(enum record kind, uint64_t inode, int64_t offset, uint64_t size,
                       const char *path, const char *other, const void *data) {
    if (log_to < 0)
        return;
    struct __attribute__((packed)) {
        uint32_t kind;
        uint32_t path, other;
        uint64_t inode;
        int64_t offset;
        uint64_t size;
    } head = {kind, (uint32_t)strlen(path), (uint32_t)strlen(other), inode, offset, size};
    struct iovec parts[4] = {{&head, sizeof head},
                             {(void *)path, head.path},
                             {(void *)other, head.other},
                             {(void *)data, data == NULL ? 0 : size}};
    int before = errno;
    syscall(SYS_writev, log_to, parts, 4);
    errno = before;
}

void shim_mark(const char *text) {
    write_down(MARK, 0, 0, strlen(text), "", "", text);
}

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 ? found.st_ino : 0;
}

static uint64_t inode_at(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 ? found.st_ino : 0;
}

/* --- writing --- */

static ssize_t wrote(int fd, const void *data, size_t size, off_t offset, int placed) {
    char path[PATH_MAX];
    if (!opened(fd, path))
        return placed ? syscall(SYS_pwrite64, fd, data, size, offset)
                      : syscall(SYS_write, fd, data, size);
    enum action action = turn(WRITES);
    if (action == REFUSE_IO || action == REFUSE_SPACE) {
        refused(action);
        return -1;
    }
    size_t wanted = (action == HALF || action == DIE_HALFWAY) && size > 1 ? size / 2 : size;
    ssize_t done = placed ? syscall(SYS_pwrite64, fd, data, wanted, offset)
                          : syscall(SYS_write, fd, data, wanted);
    if (action == DIE_HALFWAY)
        die();
    if (done > 0 && log_to >= 0) {
        off_t begun = placed ? offset : lseek(fd, 0, SEEK_CUR) - done;
        write_down(WRITE, inode_of(fd), begun, (uint64_t)done, path, "", data);
    }
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return wrote(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return wrote(fd, data, size, offset, 1);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    return wrote(fd, data, size, offset, 1);
}
ssize_t writev(int fd, const struct iovec *parts, int parts_count) {
    char path[PATH_MAX];
    if (parts_count < 1 || !opened(fd, path))
        return syscall(SYS_writev, fd, parts, parts_count);
    /* One part is a short write, which every caller has to go on from. */
    return wrote(fd, parts[0].iov_base, parts[0].iov_len, 0, 0);
}

static int truncated(int fd, off_t size) {
    char path[PATH_MAX];
    int ours = opened(fd, path);
    if (ours) {
        enum action action = turn(WRITES);
        if (action != HALF && action != REFUSE_SPACE && refused(action))
            return -1;
    }
    int failed = (int)syscall(SYS_ftruncate, fd, size);
    if (ours && !failed)
        write_down(TRUNCATE, inode_of(fd), 0, (uint64_t)size, path, "", NULL);
    return failed;
}
int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

/* --- syncing --- */

static int synced(int fd, long call) {
    char path[PATH_MAX];
    if (!opened(fd, path))
        return (int)syscall(call, fd);
    if (refused(turn(SYNCS))) {
        write_down(SYNC_FAILED, inode_of(fd), 0, 0, path, "", NULL);
        return -1;
    }
    int failed = (int)syscall(call, fd);
    if (!failed)
        write_down(SYNC, inode_of(fd), 0, 0, path, "", NULL);
    return failed;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

/* --- reading --- */

static ssize_t got(int fd, void *data, size_t size, off_t offset, int placed) {
    char path[PATH_MAX];
    if (armed && (counted & READS) && opened(fd, path) && refused(turn(READS)))
        return -1;
    return placed ? syscall(SYS_pread64, fd, data, size, offset)
                  : syscall(SYS_read, fd, data, size);
}
ssize_t read(int fd, void *data, size_t size) { return got(fd, data, size, 0, 0); }
ssize_t pread(int fd, void *data, size_t size, off_t offset) {
    return got(fd, data, size, offset, 1);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t offset) {
    return got(fd, data, size, offset, 1);
}

/* --- names --- */

static int open_named(int folder, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    int ours = named(folder, path, full) && (flags & (O_CREAT | O_TRUNC));
    int there = ours && inode_at(full) != 0;
    if (ours && !there && (flags & O_CREAT) && refused(turn(NAMES)))
        return -1;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (ours && fd >= 0 && !there)
        write_down(CREATE, inode_of(fd), 0, 0, full, "", NULL);
    else if (ours && fd >= 0 && (flags & O_TRUNC))
        write_down(TRUNCATE, inode_of(fd), 0, 0, full, "", NULL);
    return fd;
}

#define MODE(flags, mode)                                                                          \
    mode_t mode = 0;                                                                               \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                           \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }
int open(const char *path, int flags, ...) {
    MODE(flags, mode) return open_named(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags, mode) return open_named(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags, mode) return open_named(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags, mode) return open_named(folder, path, flags | O_LARGEFILE, mode);
}

int rename(const char *from, const char *to) {
    char old[PATH_MAX], new[PATH_MAX];
    int ours = named(AT_FDCWD, from, old) && named(AT_FDCWD, to, new);
    if (ours && fault != FULL_FROM && refused(turn(NAMES)))
        return -1;
    int failed = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (ours && !failed)
        write_down(RENAME, inode_at(new), 0, 0, old, new, NULL);
    return failed;
}
int link(const char *from, const char *to) {
    char old[PATH_MAX], new[PATH_MAX];
    int ours = named(AT_FDCWD, from, old) && named(AT_FDCWD, to, new);
    if (ours && refused(turn(NAMES)))
        return -1;
    int failed = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (ours && !failed)
        write_down(LINK, inode_at(new), 0, 0, old, new, NULL);
    return failed;
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (from_folder == AT_FDCWD && to_folder == AT_FDCWD && (flags & ~AT_SYMLINK_FOLLOW) == 0)
        return link(from, to);
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}
int unlink(const char *path) {
    char full[PATH_MAX];
    int ours = named(AT_FDCWD, path, full);
    if (ours && fault != FULL_FROM && refused(turn(NAMES)))
        return -1;
    int failed = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (ours && !failed)
        write_down(UNLINK, 0, 0, 0, full, "", NULL);
    return failed;
}
int mkdir(const char *path, mode_t mode) {
    char full[PATH_MAX];
    int ours = named(AT_FDCWD, path, full);
    if (ours && refused(turn(NAMES)))
        return -1;
    int failed = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (ours && !failed)
        write_down(MKDIR, 0, 0, 0, full, "", NULL);
    return failed;
}
