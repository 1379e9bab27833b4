// A block makes boxes of a matrix in shared memory, two stages of them, and the copy engine stores them. Tests plant their bugs in what is
// a macro here.
#include "device.h"

#ifndef SWIZZLE
#define SWIZZLE 128
#endif
#ifndef FENCE
#define FENCE asm volatile("fence.proxy.async.shared::cta;" ::: "memory")
#endif
#ifndef FREE
#define FREE asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(1) : "memory")
#endif
#ifndef FREED
#define FREED __nvvm_barrier_sync(0)
#endif
#ifndef COMMIT
#define COMMIT asm volatile("cp.async.bulk.commit_group;" ::: "memory")
#endif
#ifndef END
#define END asm volatile("cp.async.bulk.wait_group %0;" ::"n"(0) : "memory")
#endif
#ifndef STORE
#define STORE storeBox
#endif
#ifndef FROM
#define FROM boxes[stage]
#endif

struct alignas(64) TensorMap {
  char bytes[128];
};

constexpr int kRows = 8, kColumns = SWIZZLE ? SWIZZLE / 4 : 32;
SHARED int boxes[2][kRows * kColumns] __attribute__((aligned(1024)));

extern "C" {
void storeBoxIntrinsic(__attribute__((address_space(3))) const void *, const void *, int, int, long, bool) __asm__("llvm.nvvm.cp.async.bulk.tensor.s2g.tile.2d");
void storeLineIntrinsic(__attribute__((address_space(1))) void *, __attribute__((address_space(3))) const void *, int, long,
                        bool) __asm__("llvm.nvvm.cp.async.bulk.shared.cta.to.global");
void commit() __asm__("llvm.nvvm.cp.async.bulk.commit.group");
void waitForAll(int) __asm__("llvm.nvvm.cp.async.bulk.wait.group");
void waitForReads(int) __asm__("llvm.nvvm.cp.async.bulk.wait.group.read");
void fenceProxy() __asm__("llvm.nvvm.fence.proxy.async.shared_cta");
}

template <typename T> static unsigned address(T *pointer) { return (unsigned)(unsigned long)pointer; }

[[maybe_unused]] static void storeBox(const __attribute__((address_space(3))) void *source, const TensorMap &map, int x, int y) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map), "r"(x), "r"(y), "r"(address(source))
               : "memory");
}

[[maybe_unused]] static void storeBoxByIntrinsic(const __attribute__((address_space(3))) void *source, const TensorMap &map, int x, int y) {
  storeBoxIntrinsic(source, &map, x, y, 0, false);
}

// Pieces of four numbers change places in each 32 of them.
static int place(int row, int column) {
  const int line = (row * kColumns + column) / 32, piece = (row * kColumns + column) % 32 / 4;
  const int other = SWIZZLE == 128 ? piece ^ line % 8 : SWIZZLE == 64 ? piece ^ line % 4 : SWIZZLE == 32 ? piece ^ line % 2 : piece;
  return line * 32 + other * 4 + column % 4;
}

KERNEL fill(int *out, TensorMap map, int first, int boxesDown, int *copy) {
  for (int i = 0; i < boxesDown; ++i) {
    const int stage = i % 2;
    if (thread() == 0)
      FREE;
    FREED;
    for (int at = thread(); at < kRows * kColumns; at += 64) {
      const int row = at / kColumns, column = at % kColumns;
      boxes[stage][place(row, column)] = (i * kRows + row) * 100 + column;
    }
    FENCE;
    __nvvm_barrier_sync(0);
    if (thread() == 0) {
      STORE(FROM, map, first, first + i * kRows);
      COMMIT;
    }
  }
  if (thread() == 0) {
    END;
    if (copy)
      for (int i = 0; i < 4; ++i)
        copy[i] = out[i];
  }
}

#ifndef LINE_BYTES
#define LINE_BYTES 256
#endif

KERNEL line(int *out) {
  boxes[0][thread()] = thread() * 3;
  fenceProxy();
  __nvvm_barrier_sync(0);
  if (thread() == 0) {
#ifdef BY_INTRINSIC
    storeLineIntrinsic((__attribute__((address_space(1))) void *)out, boxes[0], LINE_BYTES, 0, false);
    commit();
    waitForReads(0);
#else
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(out), "r"(address(&boxes[0])), "r"(LINE_BYTES) : "memory");
    commit();
    waitForAll(0);
#endif
  }
}
