// The states of one measure under many threshold pairs, packed; one thread a pair. As kernels/cpu/backend.py latch_paths.
//   THREADS  threads a block

// All threads read the same value at the same time. NaN compares false, so it leaves the state.
extern "C" __global__ void __launch_bounds__(THREADS) latch(
    const double *values,  // (T,), known at the close of each day
    const double *on,      // (P,): above it the state becomes 1
    const double *off,     // (P,), off <= on: below it the state becomes 0
    int days,              // T
    int start,             // the first day whose state is kept
    int words,             // 32 days each, an even number: bits past T are 0
    int pairs,             // P
    unsigned *paths)       // (P, words)
{
    const int pair = blockIdx.x * THREADS + threadIdx.x;
    if (pair >= pairs) return;
    const double high = on[pair], low = off[pair];
    unsigned state = 0;
    for (int day = 0; day < start; day++) {
        const double value = __ldg(values + day);
        state = value > high ? 1u : value < low ? 0u : state;
    }
    unsigned *path = paths + (size_t)pair * words;
    for (int word = 0; word < words; word++) {
        const int first = start + word * 32;
        const int inside = min(32, max(0, days - first));
        unsigned packed = 0;
        for (int bit = 0; bit < inside; bit++) {
            const double value = __ldg(values + first + bit);
            state = value > high ? 1u : value < low ? 0u : state;
            packed |= state << bit;
        }
        path[word] = packed;
    }
}
