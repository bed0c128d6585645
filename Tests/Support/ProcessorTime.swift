import Glibc

/// The seconds of processor time that the calling thread spends in a body. Unlike the time that passes, it does not depend on what else
/// the machine does.
public func processorTime(_ body: () throws -> Void) rethrows -> Double {
    let before = threadSeconds()
    try body()
    return threadSeconds() - before
}

private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
