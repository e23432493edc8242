// Walks every variant of a tile through the tables of its blocks, and computes its metrics: one thread a variant.
// Compiled with product.cu before it.
//
// Neighbouring threads have neighbouring paths of the inner signal and, except where one row of the tile ends and the
// next begins, the same paths of all others: they read one row of each table.

// Joins the entries of blocks to the sums and the shape of each variant so far.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) walk(
    const double2 *values, const unsigned *marks,
    const unsigned *rows,      // (blocks, outers): see `rows`
    const int *classes,        // (blocks of all, inner): of the paths of the inner signal
    const double *charges,
    const int *heads,          // (paths,): the code of a path on the first day of all
    const long long *layout,
    const unsigned char *rule,
    int signals, int codes, int outers, int inner, int blocks, int block,
    int first, int length,     // day of the first block, days of a block; the day that adds nothing, and 0, where no day counts
    int opening,               // 0 goes on, 1 begins a segment, 2 begins with what the rule makes of `start`, 3 with `start`
    int start, int variants,
    double *state,             // (SUMS + 2 SHAPE, variants): sums, highest, deepest fall
    unsigned *held)            // (variants,): as a mark
{
    const unsigned variant = blockIdx.x * THREADS + threadIdx.x;
    if (variant >= (unsigned)variants) return;
    const unsigned outer = variant / inner, path = variant % inner;
    Entry all;
#pragma unroll
    for (int place = 0; place < WIDTH; place++) all.value[place] = 0.0;
    if (opening == 0) {
        all.mark = held[variant];
#pragma unroll
        for (int sum = 0; sum < SUMS; sum++) all.value[sum] = state[(size_t)sum * variants + variant];
        if constexpr (SHAPE) {
            all.value[SUMS] = state[(size_t)SUMS * variants + variant];
            all.value[SUMS + 2] = state[(size_t)(SUMS + 1) * variants + variant];
        }
    } else if (opening == 1) {
        all.mark = held[variant] & 0xff00u;
    } else {
        int standing = start;
        if (opening == 2) {
            unsigned rest = variant;
            int code = 0;
            for (int signal = signals - 1; signal >= 0; signal--) {
                const unsigned size = (unsigned)__ldg(layout + 3 * signal);
                code |= __ldg(heads + __ldg(layout + 3 * signal + 1) + rest % size);
                rest /= size;
            }
            standing = __ldg(rule + start * codes + code);
        }
        all.mark = (unsigned)standing << 8;
    }
    for (int place = 0; place < blocks; place++) {
        const unsigned row = __ldg(rows + (size_t)place * outers + outer);
        const unsigned combination = row + __ldg(classes + (size_t)(block + place) * inner + path);
        const unsigned version = VERSIONS > 1 ? all.mark >> 8 & 255u : 0;
        Entry next;
        load(next, values, marks, (size_t)combination * VERSIONS + version);
        join(all, next, charges, first + place * length);
    }
    held[variant] = all.mark;
#pragma unroll
    for (int sum = 0; sum < SUMS; sum++) state[(size_t)sum * variants + variant] = all.value[sum];
    if constexpr (SHAPE) {
        state[(size_t)SUMS * variants + variant] = all.value[SUMS];
        state[(size_t)(SUMS + 1) * variants + variant] = all.value[SUMS + 2];
    }
}

// One of the sums, or 0 where it was not asked for.
__device__ __forceinline__ double sum_of(int sum, const double *state, int variants, unsigned variant) {
    return sum < 0 ? 0.0 : state[(size_t)sum * variants + variant];
}

// The metrics of one segment. Of a variant that held one allocation throughout they are those of `constant`.
extern "C" __global__ void __launch_bounds__(THREADS) conclude(
    const double *state, const unsigned *held, const long long *layout,
    const double *constant,    // (A, 12 + A)
    const double *invested,    // (A,)
    int signals, int variants, int days, int field, double centre, double periods, double risk_free,
    long long begin,           // where the metrics of the first variant of the tile stand
    double *result)            // a row of 12 + A for each, METRIC < 0, or one value; in steps of the layout's strides
{
    const unsigned variant = blockIdx.x * THREADS + threadIdx.x;
    if (variant >= (unsigned)variants) return;
    unsigned rest = variant;
    long long at = begin;
    for (int signal = signals - 1; signal >= 0; signal--) {
        const unsigned size = (unsigned)__ldg(layout + 3 * signal);
        at += __ldg(layout + 3 * signal + 2) * (rest % size);
        rest /= size;
    }
    const unsigned mark = held[variant];
    const bool still = (mark & CHANGED) == 0;
    const double *own = constant + (mark >> 8 & 255u) * (METRICS + ALLOCATIONS);
    Sums sums;
    sums.log = sum_of(LOG, state, variants, variant);
    sums.total = sum_of(TOTAL, state, variants, variant);
    sums.square = sum_of(SQUARE, state, variants, variant);
    sums.cube = sum_of(CUBE, state, variants, variant);
    sums.fourth = sum_of(FOURTH, state, variants, variant);
    sums.downside = sum_of(DOWNSIDE, state, variants, variant);
    sums.peak = 0.0;
    sums.fall = sum_of(SHAPE ? SUMS + 1 : -1, state, variants, variant);
    double row[FROM_RETURNS];
    finish(sums, days, centre, periods, risk_free, row);
    if (METRIC >= 0) {
        result[at] = still ? __ldg(own + METRIC) : row[METRIC >= 0 ? METRIC : 0];
        return;
    }
    double *metrics = result + at * (METRICS + ALLOCATIONS);
#pragma unroll
    for (int metric = 0; metric < FROM_RETURNS; metric++) metrics[metric] = still ? __ldg(own + metric) : row[metric];
    unsigned long long packed = (unsigned long long)sum_of(COUNTS, state, variants, variant);
    const unsigned long long mask = (1ull << field) - 1;
    metrics[SWITCHES] = (double)(packed & mask);
    metrics[TURNOVER] = still ? __ldg(own + TURNOVER) : sum_of(TRADED, state, variants, variant) * periods / days;
    long long left = days;
    double exposure = 0.0;
    for (int allocation = 0; allocation < ALLOCATIONS; allocation++) {
        packed >>= field;
        const long long count = allocation < ALLOCATIONS - 1 ? (long long)(packed & mask) : left;
        left -= count;
        const double weight = (double)count / days;
        metrics[METRICS + allocation] = weight;
        exposure += weight * __ldg(invested + allocation);
    }
    metrics[EXPOSURE] = exposure;
}
