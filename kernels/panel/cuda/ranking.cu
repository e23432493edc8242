// Ranks of the stocks of each day, by counting the stocks that come before each; kernels/panel/cpu/ranking.py gives the
// same. A thread takes one stock of one day; threads of a warp read the same key of the day at the same time.
//   THREADS  threads a block

#define NONE 0xFFFFFFFFFFFFFFFFull  // the key of an unknown number; no known number has it

__device__ __forceinline__ long long thread_number() { return (long long)blockIdx.x * THREADS + threadIdx.x; }

// The order of these is the order of the numbers; zeros are equal.
__device__ __forceinline__ unsigned long long order_key(double number) {
    if (number != number) return NONE;
    const unsigned long long bits = (unsigned long long)__double_as_longlong(number == 0.0 ? 0.0 : number);
    return bits >> 63 ? ~bits : bits | 0x8000000000000000ull;
}

extern "C" __global__ void __launch_bounds__(THREADS) order_keys(
    const double *numbers,  // (cells,)
    const double *mask,     // (cells,): where it is NaN a number counts as unknown
    long long cells,
    unsigned long long *keys)
{
    const long long cell = thread_number();
    if (cell >= cells) return;
    const double shown = mask[cell];
    keys[cell] = shown != shown ? NONE : order_key(numbers[cell]);
}

extern "C" __global__ void __launch_bounds__(THREADS) place_stocks(
    const unsigned long long *keys,  // (T, S)
    long long cells,                 // T·S
    int stocks,                      // S
    int *order,                      // (T, S)
    unsigned long long *eligible)    // (T,), 0 before
{
    const long long cell = thread_number();
    if (cell >= cells) return;
    const long long day = cell / stocks;
    const int stock = (int)(cell - day * stocks);
    const unsigned long long *row = keys + day * stocks;
    const unsigned long long mine = row[stock];
    int before = 0;
    for (int other = 0; other < stocks; other++) {
        const unsigned long long key = __ldg(row + other);
        before += key < mine || (key == mine && other < stock);
    }
    order[day * stocks + before] = mine == NONE ? -1 : stock;
    if (mine != NONE) atomicAdd(eligible + day, 1ull);
}

// Of each known stock 2·average rank − (n + 1), which is how many are below it less how many are above it.
extern "C" __global__ void __launch_bounds__(THREADS) twice_ranks(
    const unsigned long long *keys,  // (T, S)
    long long cells,
    int stocks,
    int *ranks)  // (T, S)
{
    const long long cell = thread_number();
    if (cell >= cells) return;
    const unsigned long long *row = keys + cell / stocks * stocks;
    const unsigned long long mine = keys[cell];
    int balance = 0;
    for (int other = 0; other < stocks; other++) {
        const unsigned long long key = __ldg(row + other);
        balance += (key < mine) - (key > mine && key != NONE);
    }
    ranks[cell] = mine == NONE ? 0 : balance;
}

// Days are cells / S; the sums wrap around as signed numbers do.
extern "C" __global__ void __launch_bounds__(THREADS) multiply_ranks(
    const int *one,
    const int *other,
    long long cells,
    int stocks,
    unsigned long long *sums)  // (T,), 0 before
{
    const long long cell = thread_number();
    if (cell >= cells) return;
    const long long product = (long long)one[cell] * other[cell];
    if (product != 0) atomicAdd(sums + cell / stocks, (unsigned long long)product);
}

extern "C" __global__ void __launch_bounds__(THREADS) forward_growth(
    const double *value,  // (T, S)
    long long cells,      // of the days whose later value is known: (T − h)·S
    long long ahead,      // h·S
    double *growth)       // (T − h, S)
{
    const long long cell = thread_number();
    if (cell < cells) growth[cell] = value[cell + ahead] / value[cell];
}

// One thread a day and quantile. Added in four sums, as kernels/panel/cpu/information.py does.
extern "C" __global__ void __launch_bounds__(THREADS) average_quantiles(
    const double *growth,               // (days, S)
    const int *order,                   // (T, S)
    const unsigned long long *eligible, // (T,)
    int days,
    int stocks,
    int quantiles,
    double *means)  // (days, Q)
{
    const long long thread = thread_number();
    if (thread >= (long long)days * quantiles) return;
    const long long day = thread / quantiles;
    const long long quantile = thread - day * quantiles, size = (long long)eligible[day];
    const long long begin = (quantile * size + quantiles - 1) / quantiles;
    const long long end = ((quantile + 1) * size + quantiles - 1) / quantiles, whole = begin + (end - begin) / 4 * 4;
    const double *row = growth + day * stocks;
    const int *places = order + day * stocks;
    double a = 0.0, b = 0.0, c = 0.0, d = 0.0;
    for (long long place = begin; place < whole; place += 4) {
        a += row[places[place]];
        b += row[places[place + 1]];
        c += row[places[place + 2]];
        d += row[places[place + 3]];
    }
    for (long long place = whole; place < end; place++) a += row[places[place]];
    means[thread] = end > begin ? ((a + b) + (c + d)) / (double)(end - begin) - 1.0 : __longlong_as_double(-1ll);
}
