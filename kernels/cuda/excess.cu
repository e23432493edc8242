// The excess of variants over benchmarks: its sum, its long-run deviation, and sums over parts of the days. The operations
// are those of kernels/cpu/excess.py, in the same order (compiled without contraction); that file says what they are.
//   THREADS      threads a block
//   FLAT, LEVEL  a variance and a largest excess that are not above them count as none

enum Moment {
    SUM, LARGEST, SQUARED, WEIGHTED, NEAR, AGING, HEAD, HEAD_AGED, TAIL, TAIL_AGED, EARLY, EARLY_DAY, LATE, LATE_DAY,
    FAR, MOMENTS = 16  // padded: a row is one line of the cache
};

__device__ __forceinline__ double not_below(double value, double bound) { return value > bound ? value : bound; }

// One thread a pattern and benchmark, and one a pattern for the returns themselves.
extern "C" __global__ void __launch_bounds__(THREADS, 5) pattern_moments(
    const int *begins, const int *runs, const int *block_of, const int *edges,
    const double *returns,     // (days, A)
    const double *switched,    // (M,) the return of the first day of each run
    const double *benchmarks,  // (days, kinds)
    const double *powers,      // (days + 1,) of `stay`, the second of them
    const double *of_day,      // (days,)
    int patterns, int kinds, int days, int allocations,
    double free,
    double *moments,  // (kinds, P, MOMENTS)
    double *sums)     // (P, 3): returns, squares, growth
{
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= (unsigned)patterns * (kinds + 1)) return;
    const int pattern = thread % patterns, kind = thread / patterns;
    const int first = __ldg(edges + __ldg(block_of + pattern));
    const double stay = __ldg(powers + 1);
    double moment[MOMENTS] = {};
    double sum = 0.0, square = 0.0, growth = 1.0;
    for (int run = __ldg(begins + pattern); run < __ldg(begins + pattern + 1); run++) {
        const int begin = __ldg(runs + 3 * run), end = __ldg(runs + 3 * run + 1), allocation = __ldg(runs + 3 * run + 2);
        for (int day = begin; day < end; day++) {
            const double earned = day == begin ? __ldg(switched + run) : __ldg(returns + day * allocations + allocation);
            const double value = earned - free;
            if (kind == kinds) {
                sum += value;
                square += value * value;
                growth *= 1.0 + value;
                continue;
            }
            const double x = value - __ldg(benchmarks + day * kinds + kind);
            const double away = __ldg(powers + day - first), early = __ldg(powers + day), late = __ldg(powers + days - day);
            moment[SUM] += x;
            moment[LARGEST] = not_below(fabs(x), moment[LARGEST]);
            moment[SQUARED] += x * x;
            moment[WEIGHTED] += x * __ldg(of_day + day);
            moment[NEAR] += x * moment[TAIL];
            moment[AGING] += x * moment[TAIL_AGED];
            moment[TAIL_AGED] = stay * (moment[TAIL_AGED] + moment[TAIL] + x);
            moment[TAIL] = stay * (moment[TAIL] + x);
            moment[HEAD] += x * away;
            moment[HEAD_AGED] += x * away * (day - first);
            moment[FAR] += late * x * (day * moment[EARLY] - moment[EARLY_DAY]);
            moment[EARLY] += early * x;
            moment[EARLY_DAY] += early * x * day;
            moment[LATE] += late * x;
            moment[LATE_DAY] += late * x * day;
        }
    }
    if (kind == kinds) {
        sums[3 * pattern] = sum;
        sums[3 * pattern + 1] = square;
        sums[3 * pattern + 2] = growth;
        return;
    }
    double *out = moments + ((size_t)kind * patterns + pattern) * MOMENTS;
#pragma unroll
    for (int at = 0; at < MOMENTS; at++) out[at] = moment[at];
}

// Sums of the returns of every variant: one thread a variant, from block to block.
extern "C" __global__ void __launch_bounds__(THREADS, 5) variant_sums(
    const int *of,         // (blocks, jobs): the pattern of each variant in each block
    const int *part_of,    // (blocks,) ascending
    const double *sums,    // (P, 3): returns, squares, log of the growth
    int jobs, int blocks, int groups, int days,
    double *parts,   // (3, groups, jobs), 0
    double *total, double *spread)  // (jobs,)
{
    const unsigned job = blockIdx.x * THREADS + threadIdx.x;
    if (job >= (unsigned)jobs) return;
    double all = 0.0, squares = 0.0, part[3] = {0.0, 0.0, 0.0};
    for (int block = 0; block < blocks; block++) {
        const double *own = sums + 3 * (size_t)__ldg(of + (size_t)block * jobs + job);
        const int group = __ldg(part_of + block);
#pragma unroll
        for (int one = 0; one < 3; one++) part[one] += __ldg(own + one);
        all += __ldg(own);
        squares += __ldg(own + 1);
        if (block + 1 < blocks && __ldg(part_of + block + 1) == group) continue;
#pragma unroll
        for (int one = 0; one < 3; one++) {
            parts[((size_t)one * groups + group) * jobs + job] = part[one];
            part[one] = 0.0;
        }
    }
    total[job] = all;
    spread[job] = sqrt(not_below(squares - all * all / days, 0.0) / (days - 1.0));
}

// The excess of every variant over every benchmark: one thread each, from block to block.
extern "C" __global__ void __launch_bounds__(THREADS, 5) variant_excess(
    const int *of, const int *edges,
    const double *moments,  // (kinds, P, MOMENTS)
    const double *powers,
    int jobs, int blocks, int patterns, int kinds, int days,
    double all_weights,
    double *excesses, double *deviations)  // (kinds, jobs)
{
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= (unsigned)jobs * kinds) return;
    const unsigned job = thread % jobs, kind = thread / jobs;
    double excess = 0.0, largest = 0.0, square = 0.0, weighted = 0.0, near = 0.0, aging = 0.0, far = 0.0;
    double tail = 0.0, aged = 0.0, early = 0.0, early_day = 0.0;
    for (int block = 0; block < blocks; block++) {
        const size_t pattern = (size_t)kind * patterns + __ldg(of + (size_t)block * jobs + job);
        double moment[MOMENTS];
#pragma unroll
        for (int pair = 0; pair < MOMENTS / 2; pair++) {
            const double2 two = __ldg(reinterpret_cast<const double2 *>(moments) + pattern * (MOMENTS / 2) + pair);
            moment[2 * pair] = two.x;
            moment[2 * pair + 1] = two.y;
        }
        const int length = __ldg(edges + block + 1) - __ldg(edges + block);
        const double decay = __ldg(powers + length);
        excess += moment[SUM];
        largest = not_below(moment[LARGEST], largest);
        square += moment[SQUARED];
        weighted += moment[WEIGHTED];
        near += moment[NEAR] + tail * moment[HEAD];
        aging += moment[AGING] + aged * moment[HEAD] + tail * moment[HEAD_AGED];
        far += moment[FAR] + moment[LATE_DAY] * early - moment[LATE] * early_day;
        aged = decay * (aged + length * tail) + moment[TAIL_AGED];
        tail = decay * tail + moment[TAIL];
        early += moment[EARLY];
        early_day += moment[EARLY_DAY];
    }
    const double mean = excess / days, variance = not_below(square / days - mean * mean, 0.0);
    // Products of deviations from the mean, from those of the numbers themselves.
    const double pairs = near + (far - aging) / days - mean * weighted + mean * mean * all_weights;
    const double deviation = sqrt(not_below(variance + 2.0 / days * pairs, 0.0));
    const bool none = largest <= LEVEL, constant = variance <= FLAT * (variance + mean * mean);
    excesses[thread] = none ? 0.0 : excess;
    deviations[thread] = none ? 0.0 : constant ? -1.0 : deviation;
}
