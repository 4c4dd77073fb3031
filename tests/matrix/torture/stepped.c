/* A wall clock that another process can step, for one program and what it starts: LD_PRELOAD this, and write seconds ("+3600") into the
 * file that STEPPED_BY names. Only the wall clock is another; monotonic clocks, timers and sleeps stay the kernel's, as when an
 * administrator sets the clock. (libfaketime also moves monotonic timers: timerfd_settime asks it nothing about its clock.)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset_s(void) {
    static const char *text;
    if (text == NULL) {
        const char *path = getenv("STEPPED_BY");
        int file = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        void *page = file < 0 ? MAP_FAILED : mmap(NULL, 64, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0)
            close(file);
        text = page == MAP_FAILED ? "0" : page;
    }
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int answer = (int)syscall(SYS_clock_gettime, which, now);
    if (answer == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset_s();
    return answer;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    int answer = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return answer;
}

time_t time(time_t *there) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (there != NULL)
        *there = exact.tv_sec;
    return exact.tv_sec;
}
