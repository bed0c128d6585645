import NIOPosix

/// Threads for reads that may block.
struct ReaderPool: Sendable {
    let threads: NIOThreadPool

    /// Runs the body, unless the daemon is stopping.
    func run(_ body: @escaping @Sendable () -> Void) {
        threads.submit { state in if case .active = state { body() } }
    }
}
