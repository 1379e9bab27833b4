// Copies that threads start: the first size[lane] bytes of sixteen, and zeros
// for the rest.
#include "device.h"

SHARED int words[32][4] __attribute__((aligned(128)));

template <typename Wait>
static void copy(int *out, const int *in, const int *size, Wait wait) {
  const int lane = thread();
  for (int &word : words[lane])
    word = -1;
  __nvvm_bar_warp_sync(0xffffffff);
  __nvvm_cp_async_cg_shared_global_16(
      (__attribute__((address_space(3))) void *)&words[lane][0],
      (Global *)(in + lane * 4), size[lane]);
  wait();
  for (int i = 0; i < 4; ++i)
    out[lane * 4 + i] = words[lane][i];
}

KERNEL cp_async(int *out, const int *in, const int *size) {
  copy(out, in, size, [] {
    __nvvm_cp_async_commit_group();
    __nvvm_cp_async_wait_group(0);
  });
}
KERNEL cp_async_all(int *out, const int *in, const int *size) {
  copy(out, in, size, [] { __nvvm_cp_async_wait_all(); });
}
