// A lane takes what the lane has whose number differs in the bits of `by`, if
// the clamp lets it.
#include "device.h"

KERNEL shuffle_xor(int *out, const int *in, int clamp) {
  for (int by = 0; by < 32; ++by)
    out[by * 32 + thread()] =
        __nvvm_shfl_sync_bfly_i32(0xffffffff, in[thread()], by, clamp);
}
