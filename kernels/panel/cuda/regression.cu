// Regressions, one thread a day: the operations of kernels/panel/cpu/regression.py, in the same order, and so its bits.
// What a thread keeps of a day lies in device memory, the same number of neighbouring days side by side.
//   THREADS    threads a block
//   COLLINEAR  what is left of an exposure must be above this share of it

// Number `index` of a day's own array.
#define OWN(array, index) array[(long long)(index) * lanes + lane]

__device__ __forceinline__ double dot(const double *x, const double *y, int count, int lanes, int lane) {
    double a = 0.0, b = 0.0, c = 0.0, d = 0.0;
    const int whole = count / 4 * 4;
    for (int place = 0; place < whole; place += 4) {
        a += OWN(x, place) * OWN(y, place);
        b += OWN(x, place + 1) * OWN(y, place + 1);
        c += OWN(x, place + 2) * OWN(y, place + 2);
        d += OWN(x, place + 3) * OWN(y, place + 3);
    }
    for (int place = whole; place < count; place++) a += OWN(x, place) * OWN(y, place);
    return (a + b) + (c + d);
}

extern "C" __global__ void __launch_bounds__(THREADS, 3) regress_days(
    const double *response,   // (days, S)
    const double *exposures,  // (F, days, S)
    const int *group,         // (days, S)
    const double *weight,     // (days, S)
    int days, int stocks, int kinds, int groups,
    int *chosen,      // (S, days)
    double *columns,  // (F + 1, S, days): exposures and the response, less the mean of the group, times the root
    double *root,     // (S, days)
    double *means,    // (F + 1, G, days)
    double *mass,     // (G, days)
    double *upper,    // (F + 1, F + 1, days)
    double *coefficients, double *r_squared, double *residuals,  // (days, F + G), (days,), (days, S): NaN before
    unsigned long long *counts)                                  // (days,)
{
    const int lane = blockIdx.x * THREADS + threadIdx.x, lanes = days;
    if (lane >= days) return;
    const double *y = response + (long long)lane * stocks, *w = weight + (long long)lane * stocks;
    const int *g = group + (long long)lane * stocks;
    int count = 0;
    for (int stock = 0; stock < stocks; stock++) {
        bool known = g[stock] >= 0 && w[stock] > 0.0 && y[stock] == y[stock];
        for (int kind = 0; kind < kinds && known; kind++) {
            const double exposure = exposures[((long long)kind * days + lane) * stocks + stock];
            known = exposure == exposure;
        }
        if (known) OWN(chosen, count++) = stock;
    }
    counts[lane] = count;
    if (count == 0) return;
    for (int each = 0; each < groups; each++) OWN(mass, each) = 0.0;
    for (int place = 0; place < count; place++) {
        const int stock = OWN(chosen, place);
        OWN(mass, g[stock]) += w[stock];
        OWN(root, place) = sqrt(w[stock]);
    }
    bool full = true;
    for (int kind = 0; kind <= kinds; kind++) {
        const double *row = kind < kinds ? exposures + ((long long)kind * days + lane) * stocks : y;
        double *column = columns + (long long)kind * stocks * lanes, *mean = means + (long long)kind * groups * lanes;
        for (int each = 0; each < groups; each++) OWN(mean, each) = 0.0;
        for (int place = 0; place < count; place++) {
            const int stock = OWN(chosen, place);
            OWN(mean, g[stock]) += w[stock] * row[stock];
        }
        for (int each = 0; each < groups; each++)
            if (OWN(mass, each) > 0.0) OWN(mean, each) /= OWN(mass, each);
        double before = 0.0;
        for (int place = 0; place < count; place++) {
            const int stock = OWN(chosen, place);
            before += w[stock] * row[stock] * row[stock];
            OWN(column, place) = (row[stock] - OWN(mean, g[stock])) * OWN(root, place);
        }
        before = sqrt(before);
        for (int earlier = 0; earlier < kind; earlier++) {
            OWN(upper, earlier * (kinds + 1) + kind) = 0.0;
            if (!full) continue;
            const double *unit = columns + (long long)earlier * stocks * lanes;
            const double length = dot(unit, column, count, lanes, lane);
            for (int place = 0; place < count; place++) OWN(column, place) -= length * OWN(unit, place);
            OWN(upper, earlier * (kinds + 1) + kind) = length;
        }
        const double size = sqrt(dot(column, column, count, lanes, lane));
        OWN(upper, kind * (kinds + 1) + kind) = size;
        if (kind < kinds) {
            full = full && size > COLLINEAR * before;
            if (full)
                for (int place = 0; place < count; place++) OWN(column, place) /= size;
        }
    }
    if (!full) return;
    double *answer = coefficients + (long long)lane * (kinds + groups);
    for (int kind = kinds - 1; kind >= 0; kind--) {
        double total = OWN(upper, kind * (kinds + 1) + kinds);
        for (int later = kind + 1; later < kinds; later++) total -= OWN(upper, kind * (kinds + 1) + later) * answer[later];
        answer[kind] = total / OWN(upper, kind * (kinds + 1) + kind);
    }
    for (int each = 0; each < groups; each++)
        if (OWN(mass, each) > 0.0) {
            double total = OWN(means, kinds * groups + each);
            for (int kind = 0; kind < kinds; kind++) total -= OWN(means, kind * groups + each) * answer[kind];
            answer[kinds + each] = total;
        }
    const double *left = columns + (long long)kinds * stocks * lanes;
    double all = 0.0, total = 0.0, spread = 0.0;
    bool constant = true;
    for (int place = 0; place < count; place++) {
        const int stock = OWN(chosen, place);
        residuals[(long long)lane * stocks + stock] = OWN(left, place) / OWN(root, place);
        all += w[stock];
        total += w[stock] * y[stock];
        constant = constant && y[stock] == y[OWN(chosen, 0)];
    }
    for (int place = 0; place < count; place++) {
        const int stock = OWN(chosen, place);
        const double away = y[stock] - total / all;
        spread += w[stock] * away * away;
    }
    const double size = OWN(upper, kinds * (kinds + 1) + kinds);
    if (!constant) r_squared[lane] = 1.0 - size * size / spread;
}
