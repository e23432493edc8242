// From the sums of a segment to its metrics, for scan.cu and walk.cu. The macros come from kernels/metrics.py:
//   TOTAL_RETURN … EXPOSURE  the columns of a row of metrics
//   FROM_RETURNS, METRICS    how many of them follow from the returns, and how many there are
//   FLAT, LEVEL              a variance and a fall that are not above them count as none

// No table holds a NaN. fmax and fmin, which check for one, take twice the instructions.
__device__ __forceinline__ double larger(double a, double b) { return a > b ? a : b; }
__device__ __forceinline__ double smaller(double a, double b) { return a < b ? a : b; }

// Sums over the days of one segment, and the shape of its log NAV.
struct Sums {
    double log, total, square, cube, fourth, downside, peak, fall;
};

// The metrics that follow from the returns, from the sums of `count` days about `centre`; undefined is NaN.
__device__ __forceinline__ void finish(
    const Sums &sums, int count, double centre, double periods, double risk_free, double *row)
{
    const double undefined = __longlong_as_double(0x7ff8000000000000ll);
    const double days = count;
    const double offset = sums.total / days, mean = offset + centre;
    const double square = sums.square / days, cube = sums.cube / days, fourth = sums.fourth / days;
    const double spread = square - offset * offset;
    const double variance = count > 1 ? spread * days / (days - 1.0) : undefined;
    const bool flat = !(variance > FLAT * (spread + mean * mean));
    const double excess = mean * periods - risk_free;
    const double volatility = count == 1 ? undefined : flat ? 0.0 : sqrt(variance * periods);
    const double cagr = expm1(sums.log * periods / days);
    const double fall = sums.fall > LEVEL ? sums.fall : 0.0;
    const double drawdown = expm1(-fall);
    const double squared = offset * offset;
    const double third = cube - 3.0 * offset * square + 2.0 * squared * offset;
    const double last = fourth - 4.0 * offset * cube + 6.0 * squared * square - 3.0 * squared * squared;
    row[TOTAL_RETURN] = expm1(sums.log);
    row[CAGR] = cagr;
    row[VOLATILITY] = volatility;
    row[SHARPE] = flat ? undefined : excess / volatility;
    row[SORTINO] = sums.downside > 0.0 ? excess / sqrt(sums.downside / days * periods) : undefined;
    row[MAX_DRAWDOWN] = drawdown;
    row[CALMAR] = fall > 0.0 ? cagr / -drawdown : undefined;
    row[SKEWNESS] = flat ? undefined : third / (spread * sqrt(spread));
    row[KURTOSIS] = flat ? undefined : last / (spread * spread);
}
