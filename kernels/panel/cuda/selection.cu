// Selections of one schedule: the steps of kernels/panel/cpu/selection.py, whose docstring has the method, and their bits.
// A formation f has a close; the days until the next close are its days. Sums over the stocks are of whole numbers.
//   THREADS  threads a block
// Included after ranking.cu.

// The smallest basket, from 1, that is to hold each stock at each formation; 0 where none is.
extern "C" __global__ void __launch_bounds__(THREADS) aim_baskets(
    const int *order,                    // (T, S)
    const unsigned long long *eligible,  // (T,)
    const int *decided,                  // (F,) the day whose ranking decides
    const unsigned long long *counts,    // (1 or T, K)
    int formations,
    int stocks,
    int baskets,  // K
    int by_day,   // whether counts has a row for each day
    int *aims)    // (F, S), 0 before
{
    const long long cell = thread_number();
    if (cell >= (long long)formations * stocks) return;
    const int formation = (int)(cell / stocks);
    const unsigned long long place = (unsigned long long)(cell - (long long)formation * stocks);
    const long long day = decided[formation];
    const unsigned long long *row = counts + (by_day ? day * baskets : 0);
    if (place >= eligible[day] || place >= row[baskets - 1]) return;
    int low = 0, high = baskets - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (row[middle] > place) high = middle;
        else low = middle + 1;
    }
    aims[(long long)formation * stocks + order[day * stocks + (long long)place]] = low + 1;
}

// One thread a stock: its effective rank at each formation, K + 1 where no basket holds it.
extern "C" __global__ void __launch_bounds__(THREADS) advance_ranks(
    const int *aims,  // (F, S)
    const unsigned char *buyable, const unsigned char *sellable,  // (T, S)
    const int *closes,  // (F,)
    int formations,
    int stocks,
    int baskets,
    int *reach)  // (F, S)
{
    const int stock = (int)thread_number();
    if (stock >= stocks) return;
    int held = baskets + 1;
    for (int formation = 0; formation < formations; formation++) {
        const long long place = (long long)formation * stocks + stock, at = (long long)closes[formation] * stocks + stock;
        const int now = aims[place] ? aims[place] : baskets + 1;
        if (buyable[at]) held = sellable[at] ? now : min(held, now);
        else if (sellable[at]) held = max(held, now);
        reach[place] = held;
    }
}

// Of baskets first to first + 63, which hold a stock at each formation: a bit each. For baskets that are parts.
extern "C" __global__ void __launch_bounds__(THREADS) advance_parts(
    const int *aims, const unsigned char *buyable, const unsigned char *sellable, const int *closes,
    int formations, int stocks, int first,
    unsigned long long *holders)  // (F, S)
{
    const int stock = (int)thread_number();
    if (stock >= stocks) return;
    unsigned long long held = 0;
    for (int formation = 0; formation < formations; formation++) {
        const long long place = (long long)formation * stocks + stock, at = (long long)closes[formation] * stocks + stock;
        const int basket = aims[place] - 1 - first;
        const unsigned long long aim = basket >= 0 && basket < 64 ? 1ull << basket : 0;
        held = (aim & (buyable[at] ? ~0ull : held)) | (sellable[at] ? 0 : held);
        holders[place] = held;
    }
}

__device__ __forceinline__ void note_largest(unsigned long long *largest, double amount) {
    if (amount > 0.0) atomicMax(largest, (unsigned long long)__double_as_longlong(amount));
}

extern "C" __global__ void __launch_bounds__(THREADS) set_weights(
    const double *value, const double *weight,  // (T, S)
    const int *closes, const int *decided,      // (F,)
    int formations,
    int stocks,
    int weighted,  // whether there are weights, else all are equal
    double *weights, double *units,             // (F, S)
    unsigned long long *largest)                // (F,) the bits of the largest weight, 0 before
{
    const long long cell = thread_number();
    if (cell >= (long long)formations * stocks) return;
    const long long formation = cell / stocks, stock = cell - formation * stocks;
    const long long then = (long long)decided[formation] * stocks + stock;
    const double known = value[then];
    const double own = known != known ? 0.0 : weighted ? weight[then] : 1.0;
    weights[cell] = own;
    units[cell] = own > 0.0 ? own / value[(long long)closes[formation] * stocks + stock] : 0.0;
    note_largest(largest + formation, own);
}

extern "C" __global__ void __launch_bounds__(THREADS) grow_units(
    const double *value,   // (T, S)
    const double *units,   // (F, S)
    const int *formed,     // (D,) the formation of each day
    int days,
    int stocks,
    long long first,       // the day of the panel that is the first of these
    double *worth,         // (D, S)
    unsigned long long *largest)
{
    const long long cell = thread_number();
    if (cell >= (long long)days * stocks) return;
    const long long day = cell / stocks, stock = cell - day * stocks;
    const double unit = units[(long long)formed[day] * stocks + stock];
    const double now = unit > 0.0 ? unit * value[(first + day) * stocks + stock] : 0.0;
    worth[cell] = now;
    note_largest(largest + day, now);
}

// As _scale in kernels/panel/cpu/selection.py.
__device__ __forceinline__ double scale_of(unsigned long long largest, int stocks) {
    int room, size;
    frexp((double)stocks, &room);
    frexp(__longlong_as_double((long long)largest), &size);
    return ldexp(1.0, 62 - room - size);
}

extern "C" __global__ void __launch_bounds__(THREADS) make_whole(
    const double *amounts,  // (rows, S)
    const unsigned long long *largest,
    int rows,
    int stocks,
    long long *whole)
{
    const long long cell = thread_number();
    if (cell >= (long long)rows * stocks) return;
    whole[cell] = (long long)(amounts[cell] * scale_of(largest[cell / stocks], stocks) + 0.5);
}

// One thread a row and basket: what its members add up to. Neighbouring threads read the same stock of the same row.
extern "C" __global__ void __launch_bounds__(THREADS) add_baskets(
    const long long *whole,  // (rows, S)
    const unsigned long long *largest,
    const int *reach,    // (F, S)
    const int *formed,   // (rows,)
    int rows,
    int stocks,
    int baskets,
    double *totals)  // (rows, K)
{
    const long long thread = thread_number();
    if (thread >= (long long)rows * baskets) return;
    const long long row = thread / baskets;
    const int basket = (int)(thread - row * baskets) + 1;
    const long long *amounts = whole + row * stocks;
    const int *ranks = reach + (long long)formed[row] * stocks;
    long long total = 0;
    for (int stock = 0; stock < stocks; stock++) total += __ldg(ranks + stock) <= basket ? __ldg(amounts + stock) : 0;
    totals[thread] = (double)total / scale_of(largest[row], stocks);
}

// Of each stock that is worth something before a formation and has a weight after it: the quotient, and the smallest
// basket that holds it both times.
extern "C" __global__ void __launch_bounds__(THREADS) compare_weights(
    const double *worth,    // (D, S)
    const double *weights,  // (F, S)
    const int *reach,       // (F, S)
    const int *days_of,     // (F,) the row of worth at the formation's close
    int formations,
    int stocks,
    int baskets,
    double *ratio, int *common)  // (F, S)
{
    const long long cell = thread_number();
    if (cell < stocks || cell >= (long long)formations * stocks) return;
    const long long formation = cell / stocks, stock = cell - formation * stocks;
    const double before = worth[(long long)days_of[formation] * stocks + stock], after = weights[cell];
    const bool both = before > 0.0 && after > 0.0;
    ratio[cell] = both ? before / after : 0.0;
    common[cell] = both ? max(reach[cell - stocks], reach[cell]) : baskets + 1;
}

// One thread a formation, from the second, and basket; the last lines of measure_trades in kernels/panel/cpu/overlap.py.
extern "C" __global__ void __launch_bounds__(THREADS) trade_baskets(
    const double *ratio, const int *common,  // (F, S)
    const long long *whole_worth, const unsigned long long *largest_worth, const double *levels,    // of (D,) rows
    const long long *whole_weight, const unsigned long long *largest_weight, const double *totals,  // of (F,) rows
    const int *days_of,  // (F,)
    int formations,
    int stocks,
    int baskets,
    double *bought, double *sold)  // (F, K)
{
    const long long thread = thread_number();
    if (thread < baskets || thread >= (long long)formations * baskets) return;
    const long long formation = thread / baskets, day = days_of[formation], first = formation * stocks;
    const int basket = (int)(thread - formation * baskets) + 1;
    const double level = levels[day * baskets + basket - 1], total = totals[thread];
    double both = 0.0;
    if (level > 0.0 && total > 0.0) {
        const double threshold = level / total;
        long long worth = 0, lower = 0, all = 0;
        for (int stock = 0; stock < stocks; stock++) {
            if (__ldg(common + first + stock) > basket) continue;
            const long long weight = __ldg(whole_weight + first + stock);
            all += weight;
            if (__ldg(ratio + first + stock) < threshold) {
                worth += __ldg(whole_worth + day * stocks + stock);
                lower += weight;
            }
        }
        both = (double)worth / scale_of(largest_worth[day], stocks) / level;
        both += (double)(all - lower) / scale_of(largest_weight[formation], stocks) / total;
    }
    bought[thread] = max((total > 0.0 ? 1.0 : 0.0) - both, 0.0);
    sold[thread] = max((level > 0.0 ? 1.0 : 0.0) - both, 0.0);
}

// As add_baskets, of at most 64 baskets that are parts.
extern "C" __global__ void __launch_bounds__(THREADS) add_parts(
    const double *amounts,               // (rows, S)
    const unsigned long long *holders,   // (F, S)
    const int *formed,                   // (rows,)
    int rows,
    int stocks,
    int baskets,
    double *totals)
{
    const long long thread = thread_number();
    if (thread >= (long long)rows * baskets) return;
    const long long row = thread / baskets;
    const int basket = (int)(thread - row * baskets);
    const unsigned long long *held = holders + (long long)formed[row] * stocks;
    double total = 0.0;
    for (int stock = 0; stock < stocks; stock++)
        if (__ldg(held + stock) >> basket & 1) total += __ldg(amounts + row * stocks + stock);
    totals[thread] = total;
}

extern "C" __global__ void __launch_bounds__(THREADS) trade_parts(
    const double *worth, const double *weights,  // (D, S), (F, S)
    const unsigned long long *holders,           // (F, S)
    const double *levels, const double *totals,  // (D, K), (F, K)
    const int *days_of,
    int formations,
    int stocks,
    int baskets,
    double *bought, double *sold)  // (F, K)
{
    const long long thread = thread_number();
    if (thread < baskets || thread >= (long long)formations * baskets) return;
    const long long formation = thread / baskets, day = days_of[formation], first = formation * stocks;
    const int basket = (int)(thread - formation * baskets);
    const double level = levels[day * baskets + basket], total = totals[thread];
    const double per_worth = level > 0.0 ? 1.0 / level : 0.0, per_weight = total > 0.0 ? 1.0 / total : 0.0;
    double buys = 0.0, sales = 0.0;
    for (int stock = 0; stock < stocks; stock++) {
        const bool before = __ldg(holders + first - stocks + stock) >> basket & 1;
        const bool after = __ldg(holders + first + stock) >> basket & 1;
        const double old = before ? __ldg(worth + day * stocks + stock) * per_worth : 0.0;
        const double change = (after ? __ldg(weights + first + stock) * per_weight : 0.0) - old;
        buys += max(change, 0.0);
        sales += max(-change, 0.0);
    }
    bought[thread] = buys;
    sold[thread] = sales;
}

// One thread a day and basket.
extern "C" __global__ void __launch_bounds__(THREADS) earn_baskets(
    const double *levels,  // (D, K) what the members are worth at the end of each day
    const double *totals,  // (F, K) and at the formation
    const int *formed,     // (D,)
    int days,
    int baskets,
    double *gross)  // (D, K)
{
    const long long thread = thread_number();
    if (thread >= (long long)days * baskets) return;
    const long long day = thread / baskets, basket = thread - day * baskets;
    const bool first = day == 0 || formed[day - 1] != formed[day];
    const double before = first ? totals[(long long)formed[day] * baskets + basket] : levels[thread - baskets];
    gross[thread] = before > 0.0 ? levels[thread] / before - 1.0 : 0.0;
}
