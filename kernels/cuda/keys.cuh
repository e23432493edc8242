// Whole numbers that order as float64 do, so that atomicMax finds the largest of many threads.

using Whole = unsigned long long;

// 0 is below the key of every number.
__device__ __forceinline__ Whole key_of(double value) {
    const Whole bits = (Whole)__double_as_longlong(value);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}
