// The scan of a list of jobs: one thread decides and sums one job, in as many steps as its allocation changes.
//
// The arithmetic is that of kernels/cpu/scan.py and holding_periods.py, in the same order (compiled without contraction);
// restrictions are followed as in kernels/cpu/following.py.
// It is compiled with metrics.cuh before it, once for each number of signal bits and of allocations:
//   BITS         signal bits of a job; bit b of a code is the state of its path b
//   ALLOCATIONS  what the rule chooses from
//   RESTRICTED   1 where an execution may have a minimum holding or a stop
//   BY_DAY       1 where an execution may watch its NAV: those go from day to day, as kernels/cpu/daily_following.py
//   PARTS        of a position that drifts from the day of entry, as kernels/drift.py; 0 where none drifts. All days are then
//                summed one by one, as kernels/cpu/drifting.py carries them
//   THREADS      threads a block
//   BLOCKS       blocks of a multiprocessor that must fit its registers
//
// A thread keeps no list of days. It goes through the flips of its paths, in words of 32 days, looks the rule up where a
// path flips, and stops where the allocation changes; then it adds the run of days that ended there. The lanes of a warp
// are at different days but add their runs at the same time. Jobs of one tuple are neighbours and read the same words:
// deciding twice is cheaper than keeping the decisions (see docs/cuda.md).

constexpr int NEVER = 0x7fffffff;  // after every day, whatever the lag
#if PARTS
#define DRIFT_SIZE ((days + 1) * PARTS + ALLOCATIONS * days * (PARTS + 1) + ALLOCATIONS)
#define TRADE_SIZE (days * PARTS * 3 + ALLOCATIONS * days + PARTS + 1)
#endif

// The decisions of a tuple, one change of the allocation after another.
struct Walk {
    int word;          // the current 32 days
    uint4 changed;     // x: its remaining days on which a path flips; y, z, w: those of the next words
    int code, chosen;  // state of the signals; allocation since the last change
    int path[BITS ? BITS : 1];

    // Reads 128 days at once: neighbouring lanes read neighbouring paths, 16 bytes each.
    __device__ __forceinline__ void read(const uint4 *flips, int paths) {
        const int line = (word >> 2) * paths;
        changed = {0, 0, 0, 0};
#pragma unroll
        for (int bit = 0; bit < BITS; bit++) {
            const uint4 flipped = __ldg(flips + (line + path[bit]));
            changed.x |= flipped.x;
            changed.y |= flipped.y;
            changed.z |= flipped.z;
            changed.w |= flipped.w;
        }
    }

    // Flips the state of every path that flips on this day of the word, which was just read.
    __device__ __forceinline__ void flip(const uint4 *flips, int paths, int at) {
        const unsigned *words = reinterpret_cast<const unsigned *>(flips) + (word & 3);
        const int line = (word >> 2) * paths;
#pragma unroll
        for (int bit = 0; bit < BITS; bit++) code ^= (__ldg(words + (line + path[bit]) * 4) >> at & 1u) << bit;
    }

    // Bit 0 of the first word is the state on decision day 0: no path can flip there.
    __device__ __forceinline__ void begin(const uint4 *flips, int paths, const unsigned char *rule, int start) {
        word = code = 0;
        read(flips, paths);
        flip(flips, paths, 0);
        changed.x &= ~1u;
        chosen = __ldg(rule + (start << BITS | code));
    }

    // The next decision day on which the allocation changes, to `chosen`; NEVER after the last.
    __device__ __forceinline__ int next(const uint4 *flips, int words, int paths, const unsigned char *rule) {
        while (true) {
            while ((changed.x | changed.y | changed.z | changed.w) == 0) {
                word = (word | 3) + 1;
                if (word >= words) return NEVER;
                read(flips, paths);
            }
            while (changed.x == 0) {
                changed = {changed.y, changed.z, changed.w, 0};
                word++;
            }
            const int at = __ffs(changed.x) - 1;
            changed.x &= changed.x - 1;
            flip(flips, paths, at);
            const int allocation = __ldg(rule + (chosen << BITS | code));
            if (allocation != chosen) {
                chosen = allocation;
                return word * 32 + at;
            }
        }
    }
};

#if PARTS
// A position that is carried from day to day; the tables are those of one execution, as kernels/cuda/tables.py packs them.
struct Carried {
    const double *levels;   // (D + 1, PARTS)
    const double *weights;  // (A, D, PARTS)
    const double *netted;   // (A, D): paid for rebalancing at the close before
    const double *drifts;   // (A,): 1 or 0
    const double *trades;   // (D, PARTS, 3): cost of purchases and of sales, growth from the close before to the trades
    const double *nights;   // (A, D): 1 + overnight
    const double *counted;  // (PARTS,), and whether trades are made at the open
    int days, allocation;
    bool drifting;
    double units[PARTS], value;   // value: at the last close, or at the entry
    double night, traded;         // of the last switch: growth of the position before up to its trades; below 0: as in the table

    __device__ __forceinline__ void begin(const double *payoff, const double *cost, int all_days, int first) {
        days = all_days;
        levels = payoff, weights = levels + (days + 1) * PARTS, netted = weights + ALLOCATIONS * days * PARTS;
        drifts = netted + ALLOCATIONS * days;
        trades = cost, nights = trades + days * PARTS * 3, counted = nights + ALLOCATIONS * days;
        value = 1.0;
        enter(first, 0);
    }

    __device__ __forceinline__ void enter(int to, int day) {
        allocation = to, drifting = __ldg(drifts + to) > 0.0;
        if (!drifting) return;
        double total = 0.0;
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            const double weight = __ldg(weights + (to * days + day) * PARTS + part);
            units[part] = weight / (__ldg(levels + day * PARTS + part) * __ldg(trades + (day * PARTS + part) * 3 + 2));
            total += weight;
        }
        value = total;
    }

    // The growth of the NAV beside that of the new position; cost: of the switch in the table.
    __device__ __forceinline__ double leave(int to, int day, double cost) {
        const double opened_of_new = __ldg(nights + to * days + day);
        const bool drifts_too = __ldg(drifts + to) > 0.0;
        if (!drifting) {
            night = __ldg(nights + allocation * days + day), traded = -1.0;
            return drifts_too ? (1.0 - cost) * opened_of_new : 1.0 - cost;
        }
        double total = 0.0, whole = 0.0;
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            const double opened = __ldg(trades + (day * PARTS + part) * 3 + 2);
            total += units[part] * __ldg(levels + day * PARTS + part) * opened;
            whole += __ldg(weights + (to * days + day) * PARTS + part) * opened;
        }
        double paid = 0.0;
        traded = 0.0;
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            const double *rates = trades + (day * PARTS + part) * 3;
            const double opened = __ldg(rates + 2);
            double wanted = __ldg(weights + (to * days + day) * PARTS + part);
            if (!drifts_too) wanted = wanted * opened / whole;
            const double trade = wanted - units[part] * __ldg(levels + day * PARTS + part) * opened / total;
            paid += trade > 0.0 ? trade * __ldg(rates) : -trade * __ldg(rates + 1);
            traded += fabs(trade) * __ldg(counted + part);
        }
        if (__ldg(counted + PARTS) == 0.0) paid = 1.0 - (1.0 - paid) / (1.0 - __ldg(netted + to * days + day));
        night = total / value;
        const double kept = night * (1.0 - paid);
        return drifts_too ? kept : kept / opened_of_new;
    }

    // The growth on a day; earned: what the allocation earns in the table.
    __device__ __forceinline__ double grow(int day, double earned) {
        if (!drifting) return 1.0 + earned;
        double now = 0.0;
#pragma unroll
        for (int part = 0; part < PARTS; part++) now += units[part] * __ldg(levels + (day + 1) * PARTS + part);
        const double growth = now / value;
        value = now;
        return growth;
    }
};
#endif

// The positions of a tuple under one execution: `chosen` is entered on the return day that `begin` or `next` has given.
struct Positions {
    Walk walk;
    int delay;  // decision day j takes effect on return day j - delay
#if RESTRICTED
    int least, wait, days, refuge;  // least: days of a position; wait: days from a stop to the next entry, or 0
    const int *exits;               // (A, D) of the execution's stop, or null
    int target, change;             // what the rule chooses from `day` until it changes, to walk.chosen
    int day, chosen, entered;
    bool stopped;

#if BY_DAY
    double entry, highest;                  // shares of the NAV at the entry and of its high; 0 where there is no such stop
    int lag, today, fallen, lost;           // today: the day whose close is next; exits due by the two stops, or NEVER
    double nav, from, high, paid;           // from: the NAV at the entry; paid: for the switch into today
    bool anew;                              // the high begins with the next entry
#if PARTS
    Carried carried;
    double beside;                          // the growth of the NAV beside that of the position: of the switch into today
#endif
    const double *earned, *costs, *nights;  // of the execution: (A, D), (A, A, D), (A, D) or null
    int position;                           // what the rule and the restrictions choose, of which `chosen` is held
    int step, later, moved;                 // which part of it; to which it changes on which day, or NEVER
    int width, most;                        // steps + 1 of the tables, 0 where all is held; the step of all
    const double2 *bands;                   // (width): shares of the high at which a step is too high, and too low
    const unsigned char *parts;             // (A, width): what is held of a position

    __device__ __forceinline__ int next_by_day(const uint4 *flips, int words, int paths, const unsigned char *rule) {
        while (true) {
            // The close of the day.
#if PARTS
            nav *= carried.grow(today, __ldg(earned + chosen * days + today)) * beside;
            beside = 1.0;
#else
            nav *= (1.0 + __ldg(earned + chosen * days + today)) * (1.0 - paid);
            paid = 0.0;
#endif
            if (!anew) {
                high = larger(high, nav);
                if (lost == NEVER && nav <= highest * high) lost = today + lag;
                if (width && moved == NEVER) {
                    later = step;
                    while (nav <= __ldg(&bands[later].x) * high) later--;
                    while (nav >= __ldg(&bands[later].y) * high) later++;
                    if (later != step) moved = today + lag;
                }
            }
            if (fallen == NEVER && position != refuge && nav <= entry * from) fallen = today + lag;
            today++;
            if (today >= days) return NEVER;
            // The next day: the target, then the position, and what is held of it.
            const bool decided = change <= today;
            if (decided) advance(flips, words, paths, rule);
            const int out = exits == nullptr ? NEVER : __ldg(exits + position * days + entered);
            const bool leave = today == fallen || today == lost || today == out;
            if (today == lost) lost = NEVER, anew = true;
            if (today == moved) moved = NEVER, step = later;
            int now = position;
            if (stopped) {
                if (decided || (wait > 0 && today - entered == wait)) stopped = false, now = target;
            } else if (leave) {
                stopped = target == position && position != refuge;
                now = stopped ? refuge : target;
            } else if (target != position && today - entered >= least) {
                now = target;
            }
            const bool entering = now != position, again = anew && entering && now != refuge;
            if (entering) position = now, entered = today, fallen = NEVER;
            if (again) moved = NEVER, step = most;
            const int part = width ? __ldg(parts + position * width + step) : position;
            if (part == chosen) {
                if (entering) from = nav;
            } else {
                paid = __ldg(costs + (chosen * ALLOCATIONS + part) * days + today);
#if PARTS
                beside = carried.leave(part, today, paid);
                if (entering) from = nav * carried.night;
                carried.enter(part, today);
#else
                if (entering) from = nights == nullptr ? nav : nav * __ldg(nights + chosen * days + today);
#endif
            }
            if (again) high = from, anew = false;
            if (part == chosen) continue;
            chosen = part;
            return today;
        }
    }
#endif

    __device__ __forceinline__ void advance(const uint4 *flips, int words, int paths, const unsigned char *rule) {
        day = change;
        target = walk.chosen;
        change = walk.next(flips, words, paths, rule) - delay;
    }

    // The next return day on which the position changes, to `chosen`; NEVER after the last.
    __device__ __forceinline__ int next(const uint4 *flips, int words, int paths, const unsigned char *rule) {
#if BY_DAY
        if (entry > 0.0 || highest > 0.0 || width) return next_by_day(flips, words, paths, rule);
#endif
        while (true) {
            if (stopped) {
                const int again = wait > 0 ? entered + wait : NEVER;
                if (min(again, change) >= days) return NEVER;
                stopped = false;
                if (change <= again) advance(flips, words, paths, rule);
                else day = again;
                if (target == chosen) continue;
            } else {
                const int out = exits == nullptr ? NEVER : __ldg(exits + chosen * days + entered);
                int at;
                while (true) {
                    at = target != chosen ? max(day, entered + least) : NEVER;
                    if (min(at, out) < change || change >= days) break;
                    advance(flips, words, paths, rule);
                }
                day = min(at, out);
                if (day >= days) return NEVER;
                stopped = target == chosen;
            }
            chosen = stopped ? refuge : target;
            entered = day;
            return day;
        }
    }
#else
    __device__ __forceinline__ int next(const uint4 *flips, int words, int paths, const unsigned char *rule) {
        return walk.next(flips, words, paths, rule) - delay;
    }
#endif
};

// J jobs, D days of returns, R paths, A allocations, S segments; tables as kernels/cuda/tables.py lays them out.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) scan(
    const uint4 *flips,         // (words / 4, R, 4 words)
    const unsigned char *rule,  // (A, 2^BITS)
    const int *cells,           // (executions, 8): delay, payoff table, cost table, minimum holding, cooling, stop table or -1, lag,
                                // trade table
    const int *exits,           // (stop tables, A, D): return day of the exit
    const double2 *shares,      // (executions,): of the NAV at the entry, and of its high
    const uint4 *markets,       // (executions,): the tables in which their NAV is counted, of returns and of costs; the setting of
                                // the part that is held, and the step at which that is all, or 0 where it always is
    const double *earned,       // (payoff tables, A, D): returns
    const double *charged,      // (cost tables, A, A, D): costs
    const double *nights,       // (cost tables, A, D): 1 + overnight
    const double2 *bands,       // (settings, width): shares of the high at which a step is too high, and too low
    const unsigned char *parts, // (settings, A, width): what is held of an allocation at each step
    const double2 *prefix,      // (payoff tables, D + 1, A, 4 pairs): log, sum | square, cube | fourth, downside | return, centre
    const double2 *shape,       // (payoff tables, levels, D + 1, A, 2 pairs): high, low | fall, traded for rebalancing
    const double2 *costs,       // (cost tables, D, A, A): cost, log(1 - cost)
    const double *traded,       // (trade tables, traded_days, A, A)
    const double *invested,     // (A,)
    const int *bounds,          // (S + 1,)
    const double *drifting,     // (payoff tables, levels weights netted drifts), as Carried has them; and where stops count the NAV
    const double *trading,      // (cost tables, trades nights counted)
    const double *watched, const double *paying,
    int words, int paths, int start, int days, int traded_days, int levels, int segments, int refuge, int at_open, int width,
    double periods, double risk_free,
    const int *rows,       // (tuples, BITS): paths of a tuple
    const int *tuple_of,   // (J,)
    const int *execution,  // (J,)
    int jobs,
    double *result)  // (J, S, 12 + A)
{
    __shared__ int held_days[ALLOCATIONS][THREADS];  // a column a thread: no thread reads another's
    const int job = blockIdx.x * THREADS + threadIdx.x;
    if (job >= jobs) return;

    const int *cell = cells + 8 * execution[job];
    const int delay = cell[0];
    // All indices of table entries fit 32 bits (tables.py sees to it).
    const int payoff = cell[1] * (days + 1) * ALLOCATIONS;
    const int spans = cell[1] * levels * (days + 1) * ALLOCATIONS;
    const int charges = cell[2] * days * ALLOCATIONS * ALLOCATIONS;
    const double daily_free = risk_free / periods;

    Positions positions;
    Walk &walk = positions.walk;
    positions.delay = delay;
#pragma unroll
    for (int bit = 0; bit < BITS; bit++) walk.path[bit] = rows[(size_t)tuple_of[job] * BITS + bit];
    walk.begin(flips, paths, rule, start);

    // The switch into the position of return day 0 is not charged.
    int current, change;
    do {
        current = walk.chosen;
        change = walk.next(flips, words, paths, rule) - delay;
    } while (change <= 0);
#if RESTRICTED
    positions.least = cell[3], positions.wait = cell[4], positions.days = days, positions.refuge = refuge;
    positions.exits = cell[5] < 0 ? nullptr : exits + cell[5] * ALLOCATIONS * days;
    positions.target = positions.chosen = current, positions.change = change;
    positions.day = positions.entered = 0, positions.stopped = false;
#if BY_DAY
    const double2 share = shares[execution[job]];
    positions.entry = share.x, positions.highest = share.y, positions.lag = cell[6];
    positions.nav = positions.from = positions.high = 1.0, positions.paid = 0.0;
    positions.today = 0, positions.fallen = positions.lost = NEVER, positions.anew = false;
    const uint4 market = markets[execution[job]];
    positions.earned = earned + market.x * ALLOCATIONS * days;
    positions.costs = charged + market.y * ALLOCATIONS * ALLOCATIONS * days;
    positions.nights = at_open ? nights + market.y * ALLOCATIONS * days : nullptr;
#if PARTS
    positions.beside = 1.0;
    positions.carried.begin(watched + market.x * DRIFT_SIZE, paying + market.y * TRADE_SIZE, days, current);
#endif
    positions.position = current, positions.step = positions.most = market.w, positions.moved = NEVER;
    positions.width = market.w ? width : 0;
    positions.bands = bands + market.z * width;
    positions.parts = parts + market.z * ALLOCATIONS * width;
#else
    (void)shares, (void)markets, (void)earned, (void)charged, (void)nights, (void)bands, (void)parts, (void)at_open, (void)width;
#endif
    change = positions.next(flips, words, paths, rule);
    const int &chosen = positions.chosen;
#else
    (void)exits, (void)refuge, (void)shares, (void)markets, (void)earned, (void)charged, (void)nights, (void)bands, (void)parts;
    (void)at_open, (void)width;
    const int &chosen = walk.chosen;
#endif
    int came_from = current;
    int day = 0;
#if PARTS
    Carried carried;
    carried.begin(drifting + cell[1] * DRIFT_SIZE, trading + cell[2] * TRADE_SIZE, days, current);
#if !BY_DAY
    (void)watched, (void)paying;
#endif
#else
    (void)drifting, (void)trading, (void)watched, (void)paying;
#endif

    for (int segment = 0; segment < segments; segment++) {
        const int begin = bounds[segment], end = bounds[segment + 1];
        Sums sums = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
        // The moments of a segment are taken about the mean of its first allocation; those of other runs are shifted.
        const int beginning = change == begin ? chosen : current;
        const double about = __ldg(&prefix[(payoff + beginning) * 4 + 3].y);
        double turnover = 0.0;
        int switches = 0;
#pragma unroll
        for (int allocation = 0; allocation < ALLOCATIONS; allocation++) held_days[allocation][threadIdx.x] = 0;

#if PARTS
        double nav = 1.0, peak = 1.0, least = 1.0;  // least: the least share of the peak
        for (; day < end; day++) {
            double beside = 1.0;
            const double2 *before = shape + (spans + day * ALLOCATIONS) * 2, *after = before + ALLOCATIONS * 2;
            if (change == day) {
                came_from = current;
                current = chosen;
                change = positions.next(flips, words, paths, rule);
            }
            if (came_from != current) {
                const int change_of = came_from * ALLOCATIONS + current;
                beside = carried.leave(current, day, __ldg(&costs[charges + day * (ALLOCATIONS * ALLOCATIONS) + change_of].x));
                carried.enter(current, day);
                switches++;
                const int trade_day = __ldg(cell + 7) * traded_days + (traded_days > 1 ? day : 0);
                const double of_table = __ldg(traded + (trade_day * (ALLOCATIONS * ALLOCATIONS) + change_of));
                turnover += carried.traded < 0.0 ? of_table : carried.traded;
                came_from = current;
            } else {
                turnover += __ldg(&after[current * 2 + 1].y) - __ldg(&before[current * 2 + 1].y);
            }
            const double earned_here = __ldg(&prefix[(payoff + day * ALLOCATIONS + current) * 4 + 3].x);
            const double growth = carried.grow(day, earned_here) * beside;
            const double once = growth - 1.0 - about, twice = once * once;
            const double below = smaller(growth - 1.0 - daily_free, 0.0);
            sums.total += once;
            sums.square += twice;
            sums.cube += twice * once;
            sums.fourth += twice * twice;
            sums.downside += below * below;
            nav *= growth;
            peak = larger(peak, nav);
            if (nav < least * peak) least = nav / peak;
            held_days[current][threadIdx.x]++;
        }
        sums.log = log(nav);
        sums.fall = -log(least);
#else
        while (day < end) {
            if (change == day) {
                came_from = current;
                current = chosen;
                change = positions.next(flips, words, paths, rule);
            }
            const int stop = min(end, change);
            const double2 *here = prefix + (payoff + day * ALLOCATIONS + current) * 4;
            const double2 *there = prefix + (payoff + stop * ALLOCATIONS + current) * 4;
            const double2 *inside = here;
            const double log_here = __ldg(&here[0].x);
            double base = sums.log - log_here;
            const double2 own = __ldg(here + 3);
            double counted = stop - day;
            const bool switched = came_from != current;
            if (switched) {
                const int change_of = came_from * ALLOCATIONS + current;
                const double2 cost = __ldg(costs + (charges + day * (ALLOCATIONS * ALLOCATIONS) + change_of));
                switches++;
                const int trade_day = __ldg(cell + 7) * traded_days + (traded_days > 1 ? day : 0);
                turnover += __ldg(traded + (trade_day * (ALLOCATIONS * ALLOCATIONS) + change_of));
                came_from = current;
                if (cost.x != 0.0) {
                    // The first day after a charge is summed by itself, because its return is not that of the table.
                    const double earned = (1.0 + own.x) * (1.0 - cost.x) - 1.0;
                    const double once = earned - about, twice = once * once;
                    const double below = smaller(earned - daily_free, 0.0);
                    sums.log += cost.y;
                    base += cost.y;
                    sums.total += once;
                    sums.square += twice;
                    sums.cube += twice * once;
                    sums.fourth += twice * twice;
                    sums.downside += below * below;
                    inside += ALLOCATIONS * 4;
                    counted -= 1.0;
                }
            }
            double2 upper = __ldg(there), lower = __ldg(inside);
            sums.log += upper.x - log_here;
            double first = upper.y - lower.y;
            upper = __ldg(there + 1), lower = __ldg(inside + 1);
            double second = upper.x - lower.x, third = upper.y - lower.y;
            upper = __ldg(there + 2), lower = __ldg(inside + 2);
            double fourth = upper.x - lower.x;
            sums.downside += upper.y - lower.y;
            const double move = own.y - about;
            fourth += move * (4.0 * third + move * (6.0 * second + move * (4.0 * first + move * counted)));
            third += move * (3.0 * second + move * (3.0 * first + move * counted));
            second += move * (2.0 * first + move * counted);
            first += move * counted;
            sums.total += first;
            sums.square += second;
            sums.cube += third;
            sums.fourth += fourth;
            held_days[current][threadIdx.x] += stop - day;

            // NAV points day + 1 .. stop from two table entries that meet at the highest bit in which the two numbers differ.
            const int after = day + 1;
            const int level = 31 - __clz((after ^ stop) | 1);
            const int points = spans + level * (days + 1) * ALLOCATIONS + current;
            const double2 *left = shape + (points + after * ALLOCATIONS) * 2;
            const double2 *right = shape + (points + stop * ALLOCATIONS) * 2;
            const double2 left_span = __ldg(left), right_span = __ldg(right);
            // Where day + 1 is stop, both entries are that one point, at level 0, and the fall between them is 0.
            const double between = left_span.x - right_span.y;
            const double2 left_rest = __ldg(left + 1), right_rest = __ldg(right + 1);
            const double inner = larger(larger(left_rest.x, right_rest.x), between);
            const double high = base + larger(left_span.x, right_span.x);
            const double low = base + smaller(left_span.y, right_span.y);
            sums.fall = larger(sums.fall, larger(inner, sums.peak - low));
            sums.peak = larger(sums.peak, high);
            // A switch is netted with what its day would rebalance; at level 0 stands the sum before this day.
            const double2 *before = shape + (spans + day * ALLOCATIONS + current) * 2;
            turnover += right_rest.y - (switched ? left_rest.y : __ldg(&before[1].y));
            day = stop;
        }
#endif

        double *row = result + ((size_t)job * segments + segment) * (METRICS + ALLOCATIONS);
        const double length = end - begin;
        finish(sums, end - begin, about, periods, risk_free, row);
        row[SWITCHES] = switches;
        row[TURNOVER] = turnover * periods / length;
        double exposure = 0.0;
#pragma unroll
        for (int allocation = 0; allocation < ALLOCATIONS; allocation++) {
            const double weight = held_days[allocation][threadIdx.x] / length;
            row[METRICS + allocation] = weight;
            exposure += weight * __ldg(invested + allocation);
        }
        row[EXPOSURE] = exposure;
    }
}
