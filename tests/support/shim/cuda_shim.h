// Just enough CUDA to run a kernel on the CPU, where no thread reads what another wrote: thread after thread, or with
//   TOGETHER  the threads of a block at the same time, and of all blocks where the kernels share no memory (SHARED 0)
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static

using std::max;
using std::min;

struct Index {
    unsigned x, y, z;
};
#ifdef TOGETHER
#include <thread>
#include <vector>
static thread_local Index blockIdx, threadIdx;
#else
static Index blockIdx, threadIdx;
#endif
static Index blockDim, gridDim;

struct alignas(16) double2 {
    double x, y;
};
struct alignas(8) int2 {
    int x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

template <class T>
T __ldg(const T *address) {
    return *address;
}
inline int __ffs(unsigned word) { return __builtin_ffs((int)word); }
inline int __clz(unsigned word) { return word ? __builtin_clz(word) : 32; }
inline double __longlong_as_double(long long bits) {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline long long __double_as_longlong(double value) {
    long long bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
inline unsigned long long atomicAdd(unsigned long long *address, unsigned long long value) {
    return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
}
inline unsigned long long atomicMax(unsigned long long *address, unsigned long long value) {
    unsigned long long before = __atomic_load_n(address, __ATOMIC_RELAXED);
    while (before < value &&
           !__atomic_compare_exchange_n(address, &before, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return before;
}

template <class... A, std::size_t... I>
void every_thread(void (*kernel)(A...), int blocks, int threads, void **arguments, std::index_sequence<I...>) {
    gridDim = {(unsigned)blocks, 1, 1};
    blockDim = {(unsigned)threads, 1, 1};
    auto one = [&](int block, int thread) {
        blockIdx = {(unsigned)block, 0, 0};
        threadIdx = {(unsigned)thread, 0, 0};
        kernel(*static_cast<A *>(arguments[I])...);
    };
#ifdef TOGETHER
    // Shared memory is a static here, so blocks that use it come one after another.
    const int rounds = SHARED ? blocks : 1, each = SHARED ? 1 : blocks;
    for (int round = 0; round < rounds; round++) {
        std::vector<std::thread> pool;
        for (int thread = 0; thread < threads; thread++)
            pool.emplace_back([&, thread] {
                for (int at = 0; at < each; at++) one(SHARED ? round : (at + thread) % blocks, thread);
            });
        for (auto &running : pool) running.join();
    }
#else
    for (int block = 0; block < blocks; block++)
        for (int thread = 0; thread < threads; thread++) one(block, thread);
#endif
}

// As cuLaunchKernel: one pointer to the value of each parameter.
template <class... A>
void run(void (*kernel)(A...), int blocks, int threads, void **arguments) {
    every_thread(kernel, blocks, threads, arguments, std::index_sequence_for<A...>{});
}
