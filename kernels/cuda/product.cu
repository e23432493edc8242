// The tables of a product: days are summarised once for all variants that do the same on them. The arithmetic is that of
// kernels/cpu/product, in the same order (compiled without contraction). Compiled with metrics.cuh before it, for each:
//   SUMS         sums of an entry: those that the metrics asked for need
//   SHAPE        1 where a drawdown is asked for: highest and lowest log NAV and deepest fall follow the sums
//   WIDTH        doubles of an entry, even: the sums and the shape
//   LOG, TOTAL, SQUARE, CUBE, FOURTH, DOWNSIDE, TRADED, COUNTS  the position of that sum, or -1; with a shape LOG is 0
//   METRIC       the metric asked for, or -1 for all
//   ALLOCATIONS  what the rule chooses from
//   VERSIONS     versions of an entry: one for each allocation held before if the rule depends on it, else 1
//   THREADS, BLOCKS  threads a block; blocks of a multiprocessor that must fit its registers
//
// A node is 4 · 2^level days. Of every combination of classes, one of each signal, its table has VERSIONS entries.
// Combinations are numbered with the last signal fastest, in the order in which a tile walks its signals.

constexpr int LEAF = 4;
constexpr int PAIRS = WIDTH / 2;               // pairs of doubles, each read at once
constexpr int CHARGE = (SUMS + 1) / 2 * 2;     // doubles of a charge
constexpr unsigned CHANGED = 1u << 16;

// An entry. mark: the first day's allocation, from bit 8 on the last day's, and whether it ever changed.
struct Entry {
    double value[WIDTH];
    unsigned mark;
};

__device__ __forceinline__ void load(Entry &entry, const double2 *values, const unsigned *marks, size_t at) {
    entry.mark = __ldg(marks + at);
#pragma unroll
    for (int pair = 0; pair < PAIRS; pair++) {
        const double2 two = __ldg(values + at * PAIRS + pair);
        entry.value[2 * pair] = two.x;
        entry.value[2 * pair + 1] = two.y;
    }
}

__device__ __forceinline__ void store(const Entry &entry, double2 *values, unsigned *marks, size_t at) {
    marks[at] = entry.mark;
#pragma unroll
    for (int pair = 0; pair < PAIRS; pair++) {
        double2 two;
        two.x = entry.value[2 * pair];
        two.y = entry.value[2 * pair + 1];
        values[at * PAIRS + pair] = two;
    }
}

// Joins `right`, whose first day is `day`, to `left`. A charge is read only where the allocation changes, which is rare.
__device__ __forceinline__ void join(Entry &left, const Entry &right, const double *charges, int day) {
    const unsigned from = left.mark >> 8 & 255u, to = right.mark & 255u;
    unsigned changed = (left.mark | right.mark) & CHANGED;
    if (from != to) {
        const double *charge = charges + ((size_t)(day * ALLOCATIONS + from) * ALLOCATIONS + to) * CHARGE;
        changed = CHANGED;
#pragma unroll
        for (int sum = 0; sum < SUMS; sum++) left.value[sum] += __ldg(charge + sum);
    }
    if constexpr (SHAPE) {
        const double *other = right.value + SUMS;
        double *shape = left.value + SUMS;
        const double base = left.value[0];
        const double high = base + other[0], low = base + other[1], across = shape[0] - low;
        shape[2] = larger(larger(shape[2], other[2]), across);
        shape[0] = larger(shape[0], high);
        shape[1] = smaller(shape[1], low);
    }
#pragma unroll
    for (int sum = 0; sum < SUMS; sum++) left.value[sum] += right.value[sum];
    left.mark = (left.mark & 255u) | (right.mark & 0xff00u) | changed;
}

// Which of `count` parts, which begin at `starts`, holds number `at`.
__device__ __forceinline__ int find(const unsigned *starts, int count, unsigned at) {
    int low = 0;
    while (count > 1) {
        const int half = count >> 1;
        low += __ldg(starts + low + half) <= at ? half : 0;
        count -= half;
    }
    return low;
}

// The tables of leaves: one thread a combination.
extern "C" __global__ void __launch_bounds__(THREADS, 5) leaves(
    const unsigned *starts,            // (leaves + 1,): the first combination of each
    int leaves, int node, int signals, // node: that of the first leaf
    const int *begins,                 // (nodes, signals): where a node's classes begin in `keys`
    const int *counts,                 // (nodes, signals): how many there are
    const unsigned long long *keys,    // codes of four days, 16 bits each
    const unsigned char *rule,         // (A, codes)
    int codes,
    const double2 *day_values,         // (D + 1, A): entries of single days; the last adds nothing
    const unsigned *day_marks,
    const double *charges,             // (D + 1, A, A, CHARGE)
    int first, int end, int none,      // first day, past-last day, the day that adds nothing; first == none: no day counts
    double2 *values, unsigned *marks)
{
    const unsigned combination = blockIdx.x * THREADS + threadIdx.x;
    if (combination >= __ldg(starts + leaves)) return;
    const int leaf = find(starts, leaves, combination);
    unsigned rest = combination - __ldg(starts + leaf);
    unsigned long long code = 0;
    for (int signal = signals - 1; signal >= 0; signal--) {
        const int at = (node + leaf) * signals + signal;
        const unsigned count = __ldg(counts + at);
        code |= __ldg(keys + __ldg(begins + at) + rest % count);
        rest /= count;
    }
    const int begin = first + leaf * LEAF;
#pragma unroll 1
    for (int version = 0; version < VERSIONS; version++) {
        Entry all, one;
        int current = __ldg(rule + version * codes + (int)(code & 0xffffu));
        int day = first == none || begin >= end ? none : begin;
        load(all, day_values, day_marks, (size_t)day * ALLOCATIONS + current);
#pragma unroll
        for (int later = 1; later < LEAF; later++) {
            current = __ldg(rule + current * codes + (int)(code >> (16 * later) & 0xffffu));
            day = first == none || begin + later >= end ? none : begin + later;
            load(one, day_values, day_marks, (size_t)day * ALLOCATIONS + current);
            join(all, one, charges, day);
        }
        store(all, values, marks, (size_t)combination * VERSIONS + version);
    }
}

// The tables of nodes, each from those of its two halves: one thread a combination.
extern "C" __global__ void __launch_bounds__(THREADS) combine(
    const unsigned *starts,            // (nodes + 1,)
    const unsigned *starts_below,      // (2 nodes + 1,)
    int nodes, int node, int below, int signals,
    const int *begins, const int *counts,
    const int2 *children,                  // of each class the two in the halves
    const double *charges,
    int first, int half, int end, int none,
    const double2 *values_below, const unsigned *marks_below,
    double2 *values, unsigned *marks)
{
    const unsigned combination = blockIdx.x * THREADS + threadIdx.x;
    if (combination >= __ldg(starts + nodes)) return;
    const int place = find(starts, nodes, combination);
    unsigned rest = combination - __ldg(starts + place);
    unsigned left = 0, right = 0, left_step = 1, right_step = 1;
    for (int signal = signals - 1; signal >= 0; signal--) {
        const int at = (node + place) * signals + signal, under = (below + 2 * place) * signals + signal;
        const unsigned count = __ldg(counts + at);
        const int2 kid = __ldg(children + __ldg(begins + at) + rest % count);
        rest /= count;
        left += kid.x * left_step;
        right += kid.y * right_step;
        left_step *= __ldg(counts + under);
        right_step *= __ldg(counts + under + signals);
    }
    left += __ldg(starts_below + 2 * place);
    right += __ldg(starts_below + 2 * place + 1);
    const int middle = first + (2 * place + 1) * half;
    const int day = first == none || middle >= end ? none : middle;
#pragma unroll 1
    for (int version = 0; version < VERSIONS; version++) {
        Entry all, other;
        load(all, values_below, marks_below, (size_t)left * VERSIONS + version);
        const unsigned held = VERSIONS > 1 ? all.mark >> 8 & 255u : 0;
        load(other, values_below, marks_below, (size_t)right * VERSIONS + held);
        join(all, other, charges, day);
        store(all, values, marks, (size_t)combination * VERSIONS + version);
    }
}

// Where each combination of the outer signals begins in the tables of blocks: one thread a block and combination.
extern "C" __global__ void __launch_bounds__(THREADS) rows(
    const unsigned *starts,    // (blocks + 1,)
    const int *counts,         // (nodes, signals)
    const int *classes,        // (paths, blocks of all): of each path in each block
    const long long *layout,   // (signals, 3): paths, first path, stride
    int blocks, int node, int block, int all_blocks, int signals, int outers,
    unsigned *result)          // (blocks, outers)
{
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= (unsigned)blocks * outers) return;
    const int place = thread / outers;
    unsigned rest = thread % outers, step = __ldg(counts + (node + place) * signals + signals - 1), row = 0;
    for (int signal = signals - 2; signal >= 0; signal--) {
        const unsigned size = (unsigned)__ldg(layout + 3 * signal);
        const size_t member = (size_t)__ldg(layout + 3 * signal + 1) + rest % size;
        row += __ldg(classes + member * all_blocks + block + place) * step;
        step *= __ldg(counts + (node + place) * signals + signal);
        rest /= size;
    }
    result[thread] = __ldg(starts + place) + row;
}
