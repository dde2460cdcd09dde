"""Every formula once, as a scalar function that the CPU loops and the CUDA kernels both compile."""
