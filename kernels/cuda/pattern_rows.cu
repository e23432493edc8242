// Sums over the days of patterns (kernels/cpu/patterns), for many resamples or shifts. One resample or shift is a lane;
// THREADS lanes are a group. A block of threads takes one group, so that neighbouring threads read neighbouring numbers.
// Blocks are numbered group by group: the rows of one group are read together, from the level 2 cache if they fit it.
// All numbers are whole and below 2^53: their sums are exact in every order, and equal those of the CPU.
//   THREADS  threads a block
//
// B blocks of days with edges (B + 1,), P patterns with runs begins[p] to begins[p + 1] of runs (M, 3): first and
// past-last day, allocation. Entry day + b of a prefix is the sum over the days of block b before that day.
// A table has, for each group, a row for each pattern and each join: `sums` numbers for each lane.

// Sums of n·r, each allocation's return times how often the day stands in the resample: (groups, days + B, A, THREADS).
extern "C" __global__ void __launch_bounds__(THREADS, 8) drawn_days(
    const double *returns,  // (days, A)
    const double *drawn,    // (groups, days, THREADS)
    const int *edges,
    int days, int blocks, int allocations,
    double *prefix)
{
    const int allocation = blockIdx.x % allocations, block = blockIdx.x / allocations % blocks;
    const size_t group = blockIdx.x / allocations / blocks;
    const double *times = drawn + group * days * THREADS + threadIdx.x;
    const size_t step = (size_t)allocations * THREADS;
    double *out = prefix + (group * (days + blocks) + block) * step + allocation * THREADS + threadIdx.x;
    double sum = 0.0;
    const int end = __ldg(edges + block + 1);
    for (int day = __ldg(edges + block); day < end; day++) {
        out[day * step] = sum;
        sum += __ldg(times + (size_t)day * THREADS) * __ldg(returns + day * allocations + allocation);
    }
    out[end * step] = sum;
}

// Sums of the values of days that are turned by the shift of each lane: (groups, days + B, width, THREADS).
extern "C" __global__ void __launch_bounds__(THREADS, 8) turned_days(
    const double *values,  // (days, width)
    const int *shifts,     // (groups, THREADS), 0 to days - 1
    const int *edges,
    int days, int blocks, int width,
    double *prefix)
{
    const int place = blockIdx.x % width, block = blockIdx.x / width % blocks;
    const size_t group = blockIdx.x / width / blocks, step = (size_t)width * THREADS;
    double *out = prefix + (group * (days + blocks) + block) * step + place * THREADS + threadIdx.x;
    double sum = 0.0;
    const int begin = __ldg(edges + block), end = __ldg(edges + block + 1);
    int turned = (begin + __ldg(shifts + group * THREADS + threadIdx.x)) % days;
    for (int day = begin; day < end; day++) {
        out[day * step] = sum;
        sum += __ldg(values + (size_t)turned * width + place);
        turned = turned + 1 < days ? turned + 1 : 0;
    }
    out[end * step] = sum;
}

// The rows of all patterns: what is held, from the prefix sums.
extern "C" __global__ void __launch_bounds__(THREADS, 8) held_days(
    const double *prefix, const int *begins, const int *runs,
    const int *block_of,  // (P,)
    int patterns, int entries, int allocations, int sums,
    long long rows,
    double *table)  // (groups, rows, sums, THREADS)
{
    const int pattern = blockIdx.x % patterns, block = __ldg(block_of + pattern);
    const size_t group = blockIdx.x / patterns, width = (size_t)sums * THREADS;
    const double *own = prefix + (group * entries + block) * allocations * width + threadIdx.x;
    double *row = table + (group * rows + pattern) * width + threadIdx.x;
    const int first = __ldg(begins + pattern), last = __ldg(begins + pattern + 1);
    for (int place = 0; place < sums; place++) {
        double sum = 0.0;
        for (int run = first; run < last; run++) {
            const size_t begin = __ldg(runs + 3 * run), end = __ldg(runs + 3 * run + 1);
            const size_t allocation = __ldg(runs + 3 * run + 2);
            sum += __ldg(own + (end * allocations + allocation) * width + place * THREADS) -
                   __ldg(own + (begin * allocations + allocation) * width + place * THREADS);
        }
        row[place * THREADS] = sum;
    }
}

// What switches change in the rows of patterns, in each resample. The table has one sum.
extern "C" __global__ void __launch_bounds__(THREADS, 8) drawn_costs(
    const int *begins, const int *runs,
    const double *lost,   // (M,) what the switch into each run changes in the return of its first day
    const double *drawn,  // (groups, days, THREADS)
    int patterns, int days,
    long long rows,
    double *table)
{
    const int pattern = blockIdx.x % patterns;
    const size_t group = blockIdx.x / patterns;
    const int first = __ldg(begins + pattern), last = __ldg(begins + pattern + 1);
    double sum = 0.0;
    for (int run = first; run < last; run++) {
        const double change = __ldg(lost + run);
        if (change != 0.0) sum += __ldg(drawn + (group * days + __ldg(runs + 3 * run)) * THREADS + threadIdx.x) * change;
    }
    if (sum != 0.0) table[(group * rows + pattern) * THREADS + threadIdx.x] += sum;
}

// What switches change in the rows of patterns, under each shift: what is paid stays, the day's returns are turned.
extern "C" __global__ void __launch_bounds__(THREADS, 8) turned_costs(
    const int *begins, const int *runs,
    const int *before,        // (M,) the allocation before
    const double *paid,       // (M,) the share of NAV
    const double *logs,       // (M,) log(1 - paid), whole
    const double *returns,    // (days, A)
    const double *opened,     // (days, A): 1 + overnight, where at_open
    const double *open_logs,  // (days, A): its log, whole
    const int *shifts,        // (groups, THREADS)
    int patterns, int days, int allocations, int sums,  // sums: 2, of the returns and of their squares, or 1, of logs
    int at_open,
    double scale, double square_scale,
    long long rows,
    double *table)
{
    const int pattern = blockIdx.x % patterns;
    const size_t group = blockIdx.x / patterns;
    const int shift = __ldg(shifts + group * THREADS + threadIdx.x);
    const int first = __ldg(begins + pattern), last = __ldg(begins + pattern + 1);
    double sum = 0.0, square = 0.0;
    for (int run = first; run < last; run++) {
        const int from = __ldg(before + run), to = __ldg(runs + 3 * run + 2);
        const double cost = __ldg(paid + run);
        if (cost == 0.0 && !(at_open && from != to)) continue;
        const size_t day = (size_t)((__ldg(runs + 3 * run) + shift) % days) * allocations;
        if (sums == 1) {
            sum += __ldg(logs + run);
            if (at_open) sum += __ldg(open_logs + day + from) - __ldg(open_logs + day + to);
            continue;
        }
        const double gross = __ldg(returns + day + to);
        double kept = 1.0 - cost;
        if (at_open) kept *= __ldg(opened + day + from) / __ldg(opened + day + to);
        const double net = (1.0 + gross) * kept - 1.0;
        sum += rint(net * scale) - rint(gross * scale);
        square += rint(net * net * square_scale) - rint(gross * gross * square_scale);
    }
    double *row = table + (group * rows + pattern) * sums * THREADS + threadIdx.x;
    row[0] += sum;
    if (sums == 2) row[THREADS] += square;
}

// The rows of joins [first, first + count), each the sum of two rows that stand before `first`.
extern "C" __global__ void __launch_bounds__(THREADS, 8) join_rows(
    const int2 *joins,
    int first, int count, int patterns, int sums,
    long long rows,
    double *table)
{
    const int join = first + blockIdx.x % count;
    const size_t width = (size_t)sums * THREADS;
    double *own = table + blockIdx.x / count * rows * width + threadIdx.x;
    const int2 pair = __ldg(joins + join);
    const double *one = own + pair.x * width, *other = own + pair.y * width;
    double *out = own + (size_t)(patterns + join) * width;
    for (int place = 0; place < sums; place++) out[place * THREADS] = one[place * THREADS] + other[place * THREADS];
}
