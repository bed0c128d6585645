import CLinux

/// How malloc behaves in the engine, whose memory is small but for the moments in which a large batch comes.
public enum Allocator {
    /// Lets memory go back to the system as soon as it is free. Comes before there are threads.
    ///
    /// By itself glibc keeps an arena for each thread, each as large as the largest batch that the thread has ever seen, and
    /// after the first large block that is freed no longer asks the system for such blocks one by one: a million tasks in ten
    /// batches left 300 MiB behind, and with this leave 15.
    public static func giveBackWhatIsFree() {
        mallopt(M_ARENA_MAX, 1)
        // Its own default; but what has been set is no longer adjusted.
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
    }
}
