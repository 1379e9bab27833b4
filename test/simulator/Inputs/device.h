// What kernels of tests have in common.
#pragma once

#define KERNEL extern "C" __attribute__((nvptx_kernel)) void
#define SHARED static __attribute__((address_space(3)))

using Shared = __attribute__((address_space(3))) char;
using Global = const __attribute__((address_space(1))) char;

inline int thread() { return __nvvm_read_ptx_sreg_tid_x(); }
inline int block() { return __nvvm_read_ptx_sreg_ctaid_x(); }

template <typename T> unsigned address(const __attribute__((address_space(3))) T *pointer) { return (unsigned)(unsigned long)pointer; }
