// What the device can do at most: a copy of doubles, and float64 fused multiply-adds in registers.

extern "C" __global__ void __launch_bounds__(THREADS) copy_doubles(const double *from, double *to, long long count)
{
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count)
        to[at] = from[at];
}

// STEPS fused multiply-adds in each of four chains of every thread.
extern "C" __global__ void __launch_bounds__(THREADS) multiply_add(double factor, int count, double *result)
{
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count)
        return;
    double a = at, b = at + 1, c = at + 2, d = at + 3;
    for (int step = 0; step < STEPS; ++step) {
        a = fma(a, factor, 1.0);
        b = fma(b, factor, 1.0);
        c = fma(c, factor, 1.0);
        d = fma(d, factor, 1.0);
    }
    result[at] = a + b + c + d;
}
