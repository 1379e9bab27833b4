// Ways to touch memory.
#include "device.h"

struct Many {
  int values[8];
};

SHARED int words[64];

// A structure by value is each thread's own, and passes through a function that
// is not inlined.
__attribute__((noinline)) static int add(Many many, int which) {
  many.values[which] += 100;
  int sum = 0;
  for (int value : many.values)
    sum += value;
  return sum;
}
KERNEL structure(int *out, Many many) {
  many.values[thread() % 8] += thread();
  out[thread()] = add(many, thread() % 8);
}

// Copies of a size that is known when it runs only, none among them.
KERNEL copies(int *out, const int *in, int bytes) {
  if (thread() == 0)
    __builtin_memcpy(out, in, bytes);
  if (thread() == 1)
    __builtin_memset(out + 4, 0, bytes);
}

// Bytes of a word belong to the threads that write them.
KERNEL bytes(unsigned char *out, int from) { out[thread() / from] = thread(); }

// Atomic loads and stores are no races among themselves.
KERNEL atomics(int *flag, int *out) {
  __atomic_store_n(flag, 7, __ATOMIC_RELAXED);
  out[thread()] = __atomic_load_n(flag, __ATOMIC_RELAXED);
  int expected = 7;
  __atomic_compare_exchange_n(flag, &expected, 8, false, __ATOMIC_RELAXED,
                              __ATOMIC_RELAXED);
}
KERNEL mixed(int *flag, int *out) {
  if (thread() == 0)
    *flag = 7;
  else
    out[0] = __atomic_load_n(flag, __ATOMIC_RELAXED);
}

// Two barriers of one name at two places: not for threads of one warp, if the
// instruction is aligned.
KERNEL aligned(int *out) {
  words[thread()] = thread();
  if (thread() % SPLIT == 0) {
    __nvvm_bar_sync(0);
    out[thread()] = words[63 - thread()];
  } else {
    __nvvm_bar_sync(0);
    out[thread()] = words[63 - thread()] + 1;
  }
}

// Mistakes in what only the thread itself has.
KERNEL divides(int *out, int by) { out[thread()] = 5 / by; }
KERNEL large(int *out, int index) {
  volatile int values[140000];
  for (int i = 0; i < 140000; ++i)
    values[i] = i;
  out[thread()] = values[index];
}

KERNEL traps() {
  if (thread() == 5)
    __builtin_trap();
}
