/* Preloaded, notes in the file $SYNC_TRACE what a program writes, flushes and
   renames, in order: `write INODE`, `fsync INODE PATH`,
   `rename INODE FROM TO`. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void note(const char *what, const struct stat *status, const char *from,
                 const char *to) {
  int trace = open(getenv("SYNC_TRACE"),
                   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (trace < 0)
    abort();
  dprintf(trace, "%s\t%llu\t%s\t%s\n", what, (unsigned long long)status->st_ino,
          from, to);
  close(trace);
}

ssize_t write(int file, const void *data, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  struct stat status;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
    note("write", &status, "", "");
  return real(file, data, size);
}

int fsync(int file) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  int result = real(file);
  struct stat status;
  char link[64], path[PATH_MAX] = "";
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  if (result == 0 && fstat(file, &status) == 0 &&
      readlink(link, path, sizeof(path) - 1) > 0)
    note("fsync", &status, path, "");
  return result;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  struct stat status;
  int known = stat(from, &status);
  int result = real(from, to);
  if (known == 0 && result == 0)
    note("rename", &status, from, to);
  return result;
}
