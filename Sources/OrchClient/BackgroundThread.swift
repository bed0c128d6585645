import Glibc

/// Runs work on a thread of its own: what blocks must not do so on the threads that concurrency shares.
package func spawnThread(_ work: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(work))
    let result = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().work() }
            return nil
        }, box.toOpaque())
    if result == 0 { pthread_detach(thread) } else { box.release() }
}
