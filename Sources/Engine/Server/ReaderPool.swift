import NIOPosix

/// Threads for reads that may block.
struct ReaderPool: Sendable {
    typealias Body = @Sendable () -> Void

    private let submit: @Sendable (@escaping Body) -> Void

    /// - Parameter submit: runs a body at some time, on a thread that is not the caller's.
    init(_ submit: @escaping @Sendable (@escaping Body) -> Void) { self.submit = submit }

    /// Drops what comes when the daemon is stopping.
    init(threads: NIOThreadPool) {
        self.init { body in threads.submit { state in if case .active = state { body() } } }
    }

    func run(_ body: @escaping Body) { submit(body) }
}
