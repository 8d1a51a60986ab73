// The one function of libm that is needed.

internal import Glibc

func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
