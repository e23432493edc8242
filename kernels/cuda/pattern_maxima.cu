// Variants from the rows of their patterns (pattern_rows.cu): sums to statistics, their maxima and ranks over all variants.
// A block of threads takes the lanes of one group and VARIANTS neighbouring variants, which share most of their rows.
// The operations on a variant are those of kernels/cpu, in the same order (compiled without contraction).
//   THREADS   threads a block
//   VARIANTS  variants a thread
//   KINDS     statistics that a thread keeps
//   FLAT      the share of a square below which it counts as none

__device__ __forceinline__ double lowest() { return __longlong_as_double((long long)0xfff0000000000000ull); }

// The number at `row` summed over the `count` rows that a variant names. width: doubles of a row.
__device__ __forceinline__ double total_of(const double *row, const int *roots, int count, size_t width) {
    double sum = __ldg(row + __ldg(roots) * width);
#pragma unroll 4
    for (int at = 1; at < count; at++) sum += __ldg(row + __ldg(roots + at) * width);
    return sum;
}

// The largest (total - offset - centre) · factor of every kind and resample. splits: into how many the kinds are cut.
extern "C" __global__ void __launch_bounds__(THREADS, 5) resampled_maxima(
    const double *table, const int *roots,
    const double *offsets,    // (groups, kinds, THREADS)
    const double2 *measures,  // (jobs, kinds): centre and factor; a factor NaN raises nothing
    int jobs, int count, int kinds, int splits,
    long long rows, double unit,
    Whole *maxima)  // (groups, kinds, THREADS), 0
{
    const int strips = (jobs + VARIANTS - 1) / VARIANTS;
    const int split = blockIdx.x % splits, strip = blockIdx.x / splits % strips;
    const size_t group = blockIdx.x / splits / strips;
    const int begin = kinds * split / splits, own = kinds * (split + 1) / splits - begin;
    const size_t first = (group * kinds + begin) * THREADS + threadIdx.x;
    const double *row = table + group * rows * THREADS + threadIdx.x;
    double best[KINDS], offset[KINDS];
#pragma unroll
    for (int kind = 0; kind < KINDS; kind++) {
        best[kind] = lowest();
        offset[kind] = kind < own ? __ldg(offsets + first + kind * THREADS) : 0.0;
    }
    const int end = min(jobs, (strip + 1) * VARIANTS);
    for (int job = strip * VARIANTS; job < end; job++) {
        const double total = total_of(row, roots + (size_t)job * count, count, THREADS) * unit;
#pragma unroll
        for (int kind = 0; kind < KINDS; kind++) {
            if (kind < own) {
                const double2 measure = __ldg(measures + (size_t)job * kinds + begin + kind);
                const double value = (total - offset[kind] - measure.x) * measure.y;
                best[kind] = value > best[kind] ? value : best[kind];
            }
        }
    }
#pragma unroll
    for (int kind = 0; kind < KINDS; kind++)
        if (kind < own) atomicMax(maxima + first + kind * THREADS, key_of(best[kind]));
}

// The largest active t of the chosen variants under every shift; see kernels/cpu/placebo_maxima.py.
extern "C" __global__ void __launch_bounds__(THREADS, 8) active_maxima(
    const double *table, const int *roots,
    const double *units,    // (sums,)
    const double *weights,  // (jobs, moving)
    const double *mixed,    // (jobs,)
    const double *added,    // (jobs,)
    const unsigned char *chosen,
    int jobs, int count, int sums, int moving,
    long long rows,
    Whole *maxima)  // (groups, THREADS), 0
{
    constexpr double SURELY = 1.0 - 1e-12;  // a square below this share of another is below it, whatever the rounding
    const int strips = (jobs + VARIANTS - 1) / VARIANTS, strip = blockIdx.x % strips;
    const size_t group = blockIdx.x / strips, width = (size_t)sums * THREADS;
    const double *row = table + group * rows * width + threadIdx.x;
    double best = lowest(), highest = 0.0;  // highest: the square of best
    const int end = min(jobs, (strip + 1) * VARIANTS);
    for (int job = strip * VARIANTS; job < end; job++) {
        if (!__ldg(chosen + job)) continue;
        const int *own = roots + (size_t)job * count;
        const double summed = total_of(row, own, count, width) * __ldg(units) + __ldg(added + job);
        // Most variants raise no maximum: no further sum is needed where this one is not positive.
        if (highest > 0.0 && summed <= 0.0) continue;
        const double *last = row + (sums - 1) * THREADS;
        const double whole = total_of(last, own, count, width) * __ldg(units + sums - 1) + __ldg(mixed + job);
        double squares = whole;
        for (int one = 0; one < moving; one++) {
            const double product = total_of(row + (one + 1) * THREADS, own, count, width) * __ldg(units + one + 1);
            squares -= 2.0 * __ldg(weights + (size_t)job * moving + one) * product;
        }
        // Nor a root and a division where a product tells that the maximum stays.
        if (highest > 0.0 && summed * summed < SURELY * highest * squares) continue;
        if (squares > FLAT * whole) {
            const double value = summed / sqrt(squares);
            if (value > best) {
                best = value;
                highest = value > 0.0 ? value * value : 0.0;
            }
        }
    }
    atomicMax(maxima + group * THREADS + threadIdx.x, key_of(best));
}

// The largest objective under every shift, and how many are below a bound, equal to it, and defined.
extern "C" __global__ void __launch_bounds__(THREADS, 8) objective_ranks(
    const double *table, const int *roots,
    const double *bounds,  // (groups, THREADS); NaN: none
    int jobs, int count, int sums, int days,  // sums: 2 for the Sharpe ratio, 1 for the sum of logarithms
    long long rows, double unit, double square_unit, double periods, double risk_free,
    Whole *maxima,  // (groups, THREADS), 0
    Whole *ranks)   // (groups, 3, THREADS), 0
{
    const int strips = (jobs + VARIANTS - 1) / VARIANTS, strip = blockIdx.x % strips;
    const size_t group = blockIdx.x / strips, width = (size_t)sums * THREADS;
    const double *row = table + group * rows * width + threadIdx.x;
    const double bound = __ldg(bounds + group * THREADS + threadIdx.x);
    double best = lowest();
    Whole below = 0, equal = 0, defined = 0;
    const int end = min(jobs, (strip + 1) * VARIANTS);
    for (int job = strip * VARIANTS; job < end; job++) {
        const int *own = roots + (size_t)job * count;
        double value = total_of(row, own, count, width) * unit;
        if (sums == 2) {
            const double mean = value / days;
            const double square = total_of(row + THREADS, own, count, width) * square_unit / days;
            const double variance = (square - mean * mean) * days / (days - 1.0);
            if (!(variance > FLAT * square)) continue;
            value = (mean * periods - risk_free) / sqrt(variance * periods);
        }
        defined++;
        best = value > best ? value : best;
        below += value < bound;
        equal += value == bound;
    }
    atomicMax(maxima + group * THREADS + threadIdx.x, key_of(best));
    Whole *mine = ranks + group * 3 * THREADS + threadIdx.x;
    atomicAdd(mine, below);
    atomicAdd(mine + THREADS, equal);
    atomicAdd(mine + 2 * THREADS, defined);
}
