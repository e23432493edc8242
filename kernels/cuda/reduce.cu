// Reductions of one metric of every variant of a box, on the device. Only integers are added, so no result depends on the
// order. The values are a product: executions, then signals, the last fastest. A value counts for as many variants as
// its paths have combinations of parameters.
// Compiled with keys.cuh before it:
//   THREADS  threads a block

// One cell of a surface, or of a table of two signals, in a thread's registers; see kernels/aggregate/surfaces.py.
struct Cell {
    Whole count, low, rest, square_low, square_rest, most;

    __device__ __forceinline__ void put(double whole, Whole weight, Whole &bottom, Whole &top) {
        const double above = floor(whole * (1.0 / 4294967296.0));
        top += (Whole)(long long)above * weight;
        bottom += (Whole)(long long)(whole - above * 4294967296.0) * weight;
    }

    __device__ __forceinline__ void add(double value, Whole weight) {
        if (!(value == value)) return;
        const Whole key = key_of(value);
        most = key > most ? key : most;
        if (fabs(value) > LIMIT) return;
        count += weight;
        put(rint(value * SCALE), weight, low, rest);
        put(rint(value * value * SCALE), weight, square_low, square_rest);
    }

    // cells: (6, size): count, limbs of the sum, limbs of the sum of squares, key of the maximum
    __device__ __forceinline__ void merge(const Whole *cells, size_t size, size_t at) {
        const Whole key = __ldg(cells + 5 * size + at);
        if (key == 0) return;
        most = key > most ? key : most;
        count += __ldg(cells + at);
        low += __ldg(cells + size + at);
        rest += __ldg(cells + 2 * size + at);
        square_low += __ldg(cells + 3 * size + at);
        square_rest += __ldg(cells + 4 * size + at);
    }

    __device__ __forceinline__ void give(Whole *cells, size_t size, size_t at) const {
        if (most == 0) return;
        atomicMax(cells + 5 * size + at, most);
        if (count == 0) return;
        atomicAdd(cells + at, count);
        atomicAdd(cells + size + at, low);
        atomicAdd(cells + 2 * size + at, rest);
        atomicAdd(cells + 3 * size + at, square_low);
        atomicAdd(cells + 4 * size + at, square_rest);
    }
};

// The row of this block of threads in a list (many, width): the last whose first number is not above the block's.
__device__ __forceinline__ const int *row_of(const int *rows, int many, int width) {
    int low = 0, high = many - 1;
    while (low < high) {
        const int half = (low + high + 1) >> 1;
        if (__ldg(rows + (size_t)half * width) <= (int)blockIdx.x) low = half;
        else high = half - 1;
    }
    return rows + (size_t)low * width;
}

// Tables of two of the signals, over all others. For each of them the values are (outer, first, middle, second, inner).
extern "C" __global__ void __launch_bounds__(THREADS, 8) pairs(
    const double *values,
    const int *weights,  // for each table outer, middle, inner, one after another: combinations of the other signals
    const int *tables,   // (many, 9): first block, outer, first, middle, second, inner, slices, its weights, its cells
    int many,
    Whole *products)     // for each table (6, first * second), 0
{
    const int *own = row_of(tables, many, 9);
    const int outer = __ldg(own + 1), first = __ldg(own + 2), middle = __ldg(own + 3), second = __ldg(own + 4);
    const int inner = __ldg(own + 5), slices = __ldg(own + 6);
    const unsigned thread = (blockIdx.x - (unsigned)__ldg(own)) * THREADS + threadIdx.x, size = (unsigned)first * second;
    if (thread >= size * slices) return;
    weights += __ldg(own + 7);
    // Neighbouring threads read neighbouring values: of one cell, or of neighbouring cells.
    const unsigned cell = inner > 1 ? thread / slices : thread % size;
    const unsigned slice = inner > 1 ? thread % slices : thread / size;
    const unsigned one = cell / second, two = cell % second, others = (unsigned)outer * middle * inner;
    int low = slice % inner, between = slice / inner % middle, high = slice / inner / middle;
    const int low_step = slices % inner, between_step = slices / inner % middle, high_step = slices / inner / middle;
    Cell sum = {0, 0, 0, 0, 0, 0};
    for (unsigned at = slice; at < others; at += slices) {
        const size_t place = ((((size_t)high * first + one) * middle + between) * second + two) * inner + low;
        const Whole weight =
            (Whole)__ldg(weights + high) * __ldg(weights + outer + between) * __ldg(weights + outer + middle + low);
        sum.add(__ldg(values + place), weight);
        low += low_step;
        between += between_step;
        high += high_step;
        if (low >= inner) {
            low -= inner;
            between++;
        }
        if (between >= middle) {
            between -= middle;
            high++;
        }
    }
    sum.give(products + __ldg(own + 8), size, cell);
}

// Surfaces of two axes from the tables of two signals: each cell over all combinations of the signals' other axes.
extern "C" __global__ void __launch_bounds__(THREADS, 8) surface(
    const Whole *products,
    const int *paths,     // lists (rows, more): the paths of a signal for each position on the axes that are shown
    const int *surfaces,  // (many, 16): first block; rows, columns, combinations of both signals' other axes; slices; where
                          // the lists of both begin, paths of the second; where the table begins, its size; the first
                          // cell; positions of a second axis along the rows, step of the first one; the same of columns
    int many,
    Whole *cells, int size)
{
    const int *own = row_of(surfaces, many, 16);
    const int rows = __ldg(own + 1), columns = __ldg(own + 2), more = __ldg(own + 4), slices = __ldg(own + 5);
    const unsigned thread = (blockIdx.x - (unsigned)__ldg(own)) * THREADS + threadIdx.x, here = (unsigned)rows * columns;
    if (thread >= here * slices) return;
    const unsigned cell = thread % here, slice = thread / here, all = (unsigned)__ldg(own + 3) * more;
    const unsigned begin = (unsigned)((Whole)all * slice / slices), end = (unsigned)((Whole)all * (slice + 1) / slices);
    const int row = cell / columns, column = cell % columns;
    const int *down = paths + __ldg(own + 6) + (size_t)row * __ldg(own + 3);
    const int *across = paths + __ldg(own + 7) + (size_t)column * more;
    const Whole *table = products + __ldg(own + 9);
    const int second = __ldg(own + 8), whole = __ldg(own + 10);
    unsigned one = begin / more, two = begin % more;
    Cell sum = {0, 0, 0, 0, 0, 0};
    for (unsigned at = begin; at < end; at++) {
        sum.merge(table, whole, (size_t)__ldg(down + one) * second + __ldg(across + two));
        if (++two == (unsigned)more) {
            two = 0;
            one++;
        }
    }
    const int inner = __ldg(own + 12), wide = __ldg(own + 14);
    const int down_to = row / inner * __ldg(own + 13) + row % inner;
    const int across_to = column / wide * __ldg(own + 15) + column % wide;
    sum.give(cells, size, (size_t)__ldg(own + 11) + down_to + across_to);
}

// The histogram, and the counts of undefined values, of those below a base and of those equal to it.
extern "C" __global__ void __launch_bounds__(THREADS, 8) ranks(
    const double *values, int count, int jobs, int inner,
    const int *weights,   // (jobs / inner + inner,): of all signals but the last, then of the last
    const double *edges, int many, double base,
    int copies,           // of the histogram, so that fewer threads add to one bin
    Whole *histogram,     // (copies, many + 1), 0; not written where many is 0
    Whole *counters)      // (3,), 0
{
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x, threads = gridDim.x * THREADS;
    Whole *own = histogram + (size_t)(blockIdx.x % copies) * (many + 1);
    Whole undefined = 0, below = 0, equal = 0;
    for (unsigned at = thread; at < (unsigned)count; at += threads) {
        const double value = __ldg(values + at);
        const unsigned job = at % jobs;
        const Whole weight = (Whole)__ldg(weights + job / inner) * __ldg(weights + jobs / inner + job % inner);
        undefined += value == value ? 0 : weight;
        below += value < base ? weight : 0;
        equal += value == base ? weight : 0;
        if (many == 0 || !(value == value)) continue;
        int low = 0, high = many;  // the edges before `low` are not above the value
        while (low < high) {
            const int half = (low + high) >> 1;
            if (__ldg(edges + half) <= value) low = half + 1;
            else high = half;
        }
        atomicAdd(own + low, weight);
    }
    if (undefined) atomicAdd(counters, undefined);
    if (below) atomicAdd(counters + 1, below);
    if (equal) atomicAdd(counters + 2, equal);
}

// The values above a bound, and those equal to it in jobs before `limit`: how many and, if there is room, which.
extern "C" __global__ void __launch_bounds__(THREADS, 8) best(
    const double *values, int count, int jobs, double bound, int limit, int room,
    int *found, double *kept,  // (room,): where, and the value
    Whole *number)  // (1,), 0
{
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x, threads = gridDim.x * THREADS;
    Whole mine = 0;
    for (unsigned at = thread; at < (unsigned)count; at += threads) {
        const double value = __ldg(values + at);
        if (!(value > bound || (value == bound && (int)(at % jobs) < limit))) continue;
        if (room == 0) {
            mine++;
            continue;
        }
        const Whole place = atomicAdd(number, 1ull);
        if (place >= (Whole)room) continue;
        found[place] = (int)at;
        kept[place] = value;
    }
    if (mine) atomicAdd(number, mine);
}
