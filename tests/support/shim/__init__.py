"""The CUDA sources built for the CPU, so that they can be executed where there is no GPU."""
